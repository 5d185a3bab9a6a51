/**
 * Finds every problem of a configuration with a parser that stops at the first: what a problem is
 * about is removed, and the parser runs again. So each rule exists once, in the parser. Pure.
 *
 * @module
 */

import { EditableJson } from "../base/editable_json.ts";
import { JsonObject } from "../base/json_reader.ts";
import { similarWord } from "../base/similar_word.ts";
import { type ConfigProblem, problemOf } from "./config_problem.ts";
import {
  type NetworkConfig,
  readCniVersion,
  readNetworkName,
} from "./network_config.ts";
import { CURRENT_VERSION, selectVersion } from "./spec_version.ts";

/** A part of a configuration that has problems of its own, and is removed as a whole. */
export interface Unit {
  readonly path: string;
  /** What is removed; the unit itself by default. */
  readonly remove?: readonly string[];
  /** The path under which the removal is known: problems of what contains it follow from it. */
  readonly knownAs?: string;
  /** Returns the problems of the unit alone. */
  problems(value: unknown): readonly ConfigProblem[];
}

/** How the configuration of a plugin is checked. */
export interface ConfigRules<T> {
  /** Parses the whole configuration, and throws the first problem. */
  parse(config: NetworkConfig): T;
  /** Returns the unit that a path is in; undefined if it is in none. */
  unitOf?(path: string): Unit | undefined;
}

/** What was found. */
export interface CollectedProblems<T> {
  readonly problems: readonly ConfigProblem[];
  /** What the parser made of the parts without problems; undefined if too little is left. */
  readonly parsed: T | undefined;
  /** The network name; undefined if it is missing or invalid. */
  readonly name: string | undefined;
}

const MAX_PROBLEMS = 200;
const PLACEHOLDER_NAME = "network";

/**
 * Returns all problems of a configuration.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { NetworkConfig } from "./network_config.ts";
 *
 * const parse = ({ json }: NetworkConfig) => [json.string("a"), json.integer("b")];
 * const { problems } = collectProblems({ name: "net", a: 1, b: "x" }, { parse });
 * assertEquals(problems.map(({ path }) => path), ["a", "b"]);
 * ```
 *
 * @param value The configuration as the plugin receives it.
 */
export function collectProblems<T>(
  value: Readonly<Record<string, unknown>>,
  rules: ConfigRules<T>,
): CollectedProblems<T> {
  const document = new EditableJson(value);
  const problems: ConfigProblem[] = [];
  const name = collectName(document, problems);
  collectVersion(document, problems);
  const removed: string[] = [];
  while (problems.length < MAX_PROBLEMS) {
    try {
      const parsed = rules.parse(configOf(document));
      return { problems, parsed, name };
    } catch (error) {
      const problem = problemOf(error, "");
      const original = document.originalPath(problem.path);
      // Something inside it was reported and removed: without that, it might be valid.
      const isConsequence = removed.some((path) => isWithin(path, original));
      const unit = rules.unitOf?.(problem.path);
      const part = unit && document.get(unit.path);
      if (!isConsequence) {
        const own = part === undefined ? [] : unit?.problems(part) ?? [];
        for (const each of own.length > 0 ? own : [problem]) {
          const path = document.originalPath(each.path);
          // The parser counts the elements of a list without what was removed.
          const isShifted = each.path.endsWith("]") && path !== each.path;
          const message = isShifted
            ? `${each.message} (counted without the parts above)`
            : each.message;
          problems.push({ ...each, path, message });
        }
      }
      removed.push(
        unit?.knownAs ?? document.originalPath(unit?.path ?? problem.path),
      );
      if (!removeFrom(document, problem.path, unit)) break;
    }
  }
  return { problems, parsed: undefined, name };
}

function configOf(document: EditableJson): NetworkConfig {
  const json = new JsonObject(document.value, "");
  return {
    json,
    name: readNetworkName(json),
    cniVersion: readCniVersion(json),
  };
}

/** @returns Whether anything was removed. */
function removeFrom(
  document: EditableJson,
  path: string,
  unit: Unit | undefined,
): boolean {
  if (path === "cniVersion") {
    const isNew = document.get(path) !== CURRENT_VERSION;
    document.set("cniVersion", CURRENT_VERSION);
    return isNew;
  }
  const paths = unit === undefined ? [path] : unit.remove ?? [unit.path];
  return paths.map((each) => document.remove(each)).includes(true);
}

function isWithin(path: string, outer: string): boolean {
  return path === outer ||
    (path.startsWith(outer) && /^[.[]/.test(path.slice(outer.length)));
}

function collectName(
  document: EditableJson,
  problems: ConfigProblem[],
): string | undefined {
  try {
    return readNetworkName(new JsonObject(document.value, ""));
  } catch (error) {
    problems.push({
      ...problemOf(error, "name"),
      advice:
        "write a name of letters, digits, and the characters _ . - inside it",
    });
    document.set("name", PLACEHOLDER_NAME);
    return undefined;
  }
}

function collectVersion(
  document: EditableJson,
  problems: ConfigProblem[],
): void {
  try {
    const version = readCniVersion(new JsonObject(document.value, ""));
    selectVersion("ADD", version);
  } catch (error) {
    const problem = problemOf(error, "cniVersion");
    problems.push({
      ...problem,
      message: [problem.message, problem.advice].join(": "),
      advice:
        `write "cniVersion": "${CURRENT_VERSION}", or what the runtime supports`,
    });
    document.set("cniVersion", CURRENT_VERSION);
  }
}

/**
 * Returns a warning for each key of an object that no plugin reads, with the key that was probably
 * meant.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [warning] = unknownKeys({ rangestrat: "" }, { path: "ipam", known: ["rangeStart"] });
 * assertEquals(warning?.advice, "did you mean rangeStart?");
 * ```
 */
export function unknownKeys(
  value: unknown,
  { path, known }: { readonly path: string; readonly known: readonly string[] },
): readonly ConfigProblem[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [];
  }
  const folded = known.map((key) => key.toLowerCase());
  return Object.keys(value)
    .filter((key) => !folded.includes(key.toLowerCase()))
    .map((key) => {
      const similar = similarWord(key, known);
      return {
        severity: "warning",
        path: path === "" ? key : `${path}.${key}`,
        message: `the plugin does not know the key ${JSON.stringify(key)}`,
        advice: similar === undefined
          ? `its keys are ${known.join(", ")}`
          : `did you mean ${similar}?`,
      } as const;
    });
}
