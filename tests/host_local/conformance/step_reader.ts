/** Reads the step of a case: one call and its outcome, with every default filled in. @module */

import type { Changes, ExpectedError } from "./case_format.ts";
import { printJson } from "./compare_stdout.ts";
import { isObject, isSame, mergePatch } from "./merge_patch.ts";

/** One call, and its outcome with either plugin. */
export interface Step<O extends Outcome = Outcome> {
  /** The complete environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly here: O;
  /** Every possible outcome; several if upstream's plugin acts at random. */
  readonly upstream: readonly O[];
  /** Rows of the tables "Deliberate differences". */
  readonly differences: readonly string[];
}

/** The outcome of a call. */
export interface Outcome {
  /** The exact text, or an error document. */
  readonly stdout: string | ExpectedError;
  /** A regular expression. */
  readonly stderr: string;
  readonly exitCode: number;
  /** Default: none. */
  readonly changes?: Changes;
}

/** A JSON object of a case file. */
export type Raw = Readonly<Record<string, unknown>>;

/** What a step is read with. */
export interface Defaults {
  readonly config: unknown;
  readonly env: Raw;
  /** The result of an ADD that states no outcome. */
  readonly result: Raw | undefined;
  /** Keys of an outcome that only the cases of one plugin have. */
  readonly outcomeKeys: readonly string[];
  /** Keys of a step that only the cases of one plugin have. */
  readonly stepKeys: readonly string[];
}

/** What a call prints. */
type Document =
  | { readonly kind: "result" | "error"; readonly value: Raw }
  | { readonly kind: "stdout"; readonly value: string };

const DOCUMENT_KEYS = ["result", "error", "stdout"] as const;
/** Commands that print nothing on success. */
const SILENT_COMMANDS: readonly unknown[] = ["DEL", "CHECK", "GC", "STATUS"];
/** The version that a configuration has if it does not say so. */
const VERSION_IF_ABSENT = "0.1.0";
const NOTHING = "^$";

/**
 * Reads a step.
 *
 * @throws {Error} if a key is missing, or states what holds without it.
 */
export function readStep(raw: Raw, defaults: Defaults): Step {
  const env = "env" in raw
    ? mergePatch(defaults.env, raw["env"]) as Raw
    : defaults.env;
  const input = inputOf(raw, defaults.config);
  const version = versionOf(input);
  const document = documentOf(raw, { version }) ??
    impliedDocument(env["CNI_COMMAND"], { version, result: defaults.result });
  const { outcomeKeys, stepKeys } = defaults;
  const here: Outcome = {
    ...pick(raw, outcomeKeys),
    ...processOf(raw, {
      document,
      stderr: NOTHING,
      exitCode: exitCodeOf(document),
    }),
  };
  const { difference = [], oneOf = [{}], ...override } =
    (raw["upstream"] ?? {}) as Raw;
  if ("upstream" in raw) expectDifference(raw["upstream"] as Raw);
  return {
    ...pick(raw, stepKeys),
    env: env as Record<string, string>,
    stdin: typeof input === "string" ? input : JSON.stringify(input),
    here,
    upstream: (oneOf as readonly Raw[]).map((alternative) =>
      overlay({ ...override, ...alternative }, {
        here,
        document,
        version,
        outcomeKeys,
      })
    ),
    differences: [difference].flat() as string[],
  };
}

/** Returns the entries of an object whose keys are listed. */
export function pick(value: Raw, keys: readonly string[]): Raw {
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => keys.includes(key)),
  );
}

/** Returns what the call reads: a raw text, or a JSON value. */
function inputOf(raw: Raw, config: unknown): unknown {
  if (!("stdin" in raw)) {
    return "config" in raw ? mergePatch(config, raw["config"]) : config;
  }
  if ("config" in raw) throw new SyntaxError('"config" next to "stdin"');
  return raw["stdin"];
}

/**
 * Returns the default of `cniVersion` in results and errors; undefined if the input does not imply
 * one.
 */
function versionOf(input: unknown): string | undefined {
  if (!isObject(input)) return undefined;
  const version = input["cniVersion"] ?? "";
  if (typeof version !== "string") return undefined;
  return version === "" ? VERSION_IF_ABSENT : version;
}

/**
 * Returns the stated document, if any. It is a merge patch on `base` if that is of the same kind.
 */
function documentOf(
  raw: Raw,
  { base, version }: {
    readonly base?: Document;
    readonly version: string | undefined;
  },
): Document | undefined {
  const given = DOCUMENT_KEYS.filter((key) => key in raw);
  const [kind] = given;
  if (kind === undefined) return undefined;
  if (given.length > 1) {
    throw new SyntaxError(`"${given.join('" next to "')}"`);
  }
  const value = raw[kind];
  if (kind === "stdout") {
    const text = Array.isArray(value) ? value.join("\n") : `${value}`;
    return { kind, value: text };
  }
  if (!isObject(value)) throw new SyntaxError(`"${kind}" is not an object`);
  if ("msg" in value && "msgPrefix" in value) {
    throw new SyntaxError('"msg" next to "msgPrefix"');
  }
  return base?.kind === kind
    ? { kind, value: patched(base.value, value) }
    : { kind, value: withVersion(value, version) };
}

/** Applies a patch to a result or an error; `msg` and `msgPrefix` replace each other. */
function patched(base: Raw, patch: Raw): Raw {
  const merged = mergePatch(base, patch) as Raw;
  if ("msgPrefix" in patch) return omit(merged, ["msg"]);
  return "msg" in patch ? omit(merged, ["msgPrefix"]) : merged;
}

function withVersion(value: Raw, version: string | undefined): Raw {
  if (version === undefined) return value;
  if (value["cniVersion"] === version) {
    throw new RangeError(`cniVersion "${version}" is implied`);
  }
  return { cniVersion: version, ...value };
}

/**
 * Returns the document of a step that states none.
 *
 * @throws {SyntaxError} if its command does not imply one.
 */
function impliedDocument(
  command: unknown,
  { version, result }: {
    readonly version: string | undefined;
    readonly result: Raw | undefined;
  },
): Document {
  if (SILENT_COMMANDS.includes(command)) return { kind: "stdout", value: "" };
  if (command === "ADD" && result !== undefined) {
    return { kind: "result", value: withVersion(result, version) };
  }
  throw new SyntaxError(`missing one of ${DOCUMENT_KEYS.join(", ")}`);
}

/** Returns what the process prints, and its exit status. */
function processOf(
  raw: Raw,
  { document, stderr, exitCode }: {
    readonly document: Document;
    /** What holds if `raw` does not state it. */
    readonly stderr: string;
    readonly exitCode: number;
  },
): Outcome {
  if (raw["exitCode"] === exitCode) {
    throw new RangeError(`exitCode ${exitCode} is implied`);
  }
  return {
    stdout: document.kind === "result"
      ? printJson(document.value)
      : document.value as string | ExpectedError,
    stderr: (raw["stderr"] ?? stderr) as string,
    exitCode: (raw["exitCode"] ?? exitCode) as number,
  };
}

function exitCodeOf({ kind }: Document): number {
  return kind === "error" ? 1 : 0;
}

function expectDifference({ difference, ...override }: Raw): void {
  if (difference === undefined) {
    throw new SyntaxError('"upstream" without "difference"');
  }
  if (Object.keys(override).length === 0) {
    throw new RangeError('"upstream" changes nothing');
  }
}

/** Returns the outcome of the step, changed as its `upstream` states. */
function overlay(
  override: Raw,
  { here, document, version, outcomeKeys }: {
    readonly here: Outcome;
    readonly document: Document;
    readonly version: string | undefined;
    readonly outcomeKeys: readonly string[];
  },
): Outcome {
  const own: Raw = { ...here };
  for (const key of ["stderr", ...outcomeKeys]) {
    if (key in override && isSame(override[key], own[key])) {
      throw new RangeError(`upstream has the same "${key}"`);
    }
  }
  const stated = documentOf(override, { base: document, version });
  return {
    ...here,
    ...pick(override, outcomeKeys),
    ...processOf(override, {
      document: stated ?? document,
      stderr: here.stderr,
      exitCode: stated === undefined ? here.exitCode : exitCodeOf(stated),
    }),
  };
}

function omit(value: Raw, keys: readonly string[]): Raw {
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => !keys.includes(key)),
  );
}
