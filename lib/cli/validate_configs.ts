/** `validate`: everything that is wrong with network configurations. Pure. @module */

import { EXIT_STATUS } from "./exit_status.ts";
import type { Outcome } from "./outcome.ts";
import { NO_PROGRESS, type ProgressReport } from "./progress.ts";
import { type Screen, toned } from "./screen.ts";
import { wrapText } from "./wrapped_text.ts";
import { escapedText } from "../base/quoted_text.ts";
import { collectProblems, type ConfigRules } from "../cni/collect_problems.ts";
import {
  type ConfigFile,
  joinPaths,
  readConfigDocument,
} from "../cni/config_document.ts";
import type { ConfigProblem } from "../cni/config_problem.ts";
import { counted } from "../base/counted.ts";

/** A network in a file. */
export interface CheckedNetwork<T> {
  readonly file: string;
  readonly path: string;
  readonly name: string;
  readonly config: T;
  /** The problems of its file; a rule for several networks adds to them. */
  readonly problems: ConfigProblem[];
}

/** How the configurations of a plugin are checked, and what is said of valid ones. */
export interface ConfigChecks<T> {
  /** The type of the IPAM plugin. Configurations with another type are not checked. */
  readonly ipamType: string;
  readonly rules: ConfigRules<T>;
  /** Returns what is valid and was hardly intended. */
  warningsOn(
    value: Readonly<Record<string, unknown>>,
    parsed: T | undefined,
  ): readonly ConfigProblem[];
  /** Adds the problems that networks have with each other. */
  compare?(networks: readonly CheckedNetwork<T>[]): void;
  /** Describes a network in a line of text. */
  describe(config: T): string;
  /** Returns the keys of a network for `--json`, in addition to its name and path. */
  toJson(config: T): Readonly<Record<string, unknown>>;
}

/** What an operator asks to be checked. */
export interface ValidateOptions {
  /** The files and directories that were read. */
  readonly paths: readonly string[];
  /** Whether warnings count as problems. */
  readonly isStrict: boolean;
  /** Receives how many files are checked. */
  readonly progress?: ProgressReport;
}

/** A file, and what is wrong with it. */
interface CheckedFile<T> {
  readonly file: string;
  readonly problems: ConfigProblem[];
  readonly networks: readonly CheckedNetwork<T>[];
  /** The types of the other IPAM plugins in it. */
  readonly otherTypes: readonly string[];
}

/**
 * Checks configurations.
 *
 * @param files All files at `paths`.
 */
export function validateConfigs<T>(
  files: readonly ConfigFile[],
  { checks, paths, isStrict, progress = NO_PROGRESS }: ValidateOptions & {
    readonly checks: ConfigChecks<T>;
  },
): Outcome {
  const checked = files.map((file, index) => {
    progress.report("checking configurations", index, files.length);
    return checkFile(file, checks);
  });
  checks.compare?.(checked.flatMap(({ networks }) => networks));
  for (const { problems } of checked) problems.sort(compareProblems);
  const all = checked.flatMap(({ problems }) => problems);
  const errors = all.filter(({ severity }) => severity === "error").length;
  const warnings = all.length - errors;
  const isFine = errors === 0 && (warnings === 0 || !isStrict);
  return {
    status: isFine ? EXIT_STATUS.ok : EXIT_STATUS.problems,
    json: () => ({
      errors,
      warnings,
      files: checked.map(({ file, problems, networks }) => ({
        file,
        networks: networks.map(({ name, path, config }) => ({
          name,
          path,
          ...checks.toJson(config),
        })),
        problems,
      })),
    }),
    lines: (screen) => [
      ...checked.flatMap((each) => [...fileLines(each, checks, screen), ""]),
      summary({ files: checked.length, errors, warnings }, screen),
    ],
    notes: files.length > 0 ? [] : [
      escapedText(
        `no file in ${paths.join(", ")} ends with .conf, .conflist or .json`,
      ),
    ],
  };
}

/** Errors first, then by path. */
function compareProblems(a: ConfigProblem, b: ConfigProblem): number {
  if (a.severity !== b.severity) return a.severity === "error" ? -1 : 1;
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function checkFile<T>(
  { path: file, text }: ConfigFile,
  { ipamType: ownType, rules, warningsOn }: ConfigChecks<T>,
): CheckedFile<T> {
  const { configs, problems: around } = readConfigDocument(text);
  const problems = [...around];
  const networks: CheckedNetwork<T>[] = [];
  for (const { json, path, ipamType } of configs) {
    if (ipamType !== ownType) continue;
    const found = collectProblems(json, rules);
    const { parsed, name } = found;
    const own = [...found.problems, ...warningsOn(json, parsed)];
    problems.push(
      ...own.map((each) => ({ ...each, path: joinPaths(path, each.path) })),
    );
    if (parsed !== undefined && name !== undefined) {
      networks.push({ file, path, name, config: parsed, problems });
    }
  }
  const otherTypes = configs.map(({ ipamType }) => ipamType)
    .filter((type) => type !== ownType && type !== "");
  return { file, problems, networks, otherTypes };
}

function fileLines<T>(
  { file, problems, networks, otherTypes }: CheckedFile<T>,
  { ipamType, describe }: ConfigChecks<T>,
  screen: Screen,
): readonly string[] {
  const width = screen.columns - 4;
  const isValid = problems.every(({ severity }) => severity !== "error");
  const wrapped = (text: string): string[] =>
    wrapText(escapedText(text), { width }).map((line) => `    ${line}`);
  return [
    toned(escapedText(file), "heading", screen),
    ...problems.flatMap(({ severity, path, message, advice }) => [
      `  ${toned(severity, severity === "error" ? "bad" : "warning", screen)}${
        path === "" ? "" : ` at ${escapedText(path)}`
      }`,
      ...wrapped(message),
      ...(advice === "" ? [] : wrapped(advice)),
    ]),
    ...(isValid
      ? networks.flatMap(({ name, config }) =>
        wrapText(escapedText(`network ${name}: ${describe(config)}`), {
          width: screen.columns - 2,
          indent: "  ",
        }).map((line) => `  ${line}`)
      )
      : []),
    ...otherTypes.map((type) =>
      escapedText(`  not checked: "type": "${type}"`)
    ),
    ...(problems.length === 0 && networks.length === 0
      ? [`  no network with "ipam": {"type": "${ipamType}"}`]
      : []),
  ];
}

function summary(
  { files, errors, warnings }: {
    readonly files: number;
    readonly errors: number;
    readonly warnings: number;
  },
  screen: Screen,
): string {
  const text = [
    counted(files, "file"),
    counted(errors, "error"),
    counted(warnings, "warning"),
  ].join(", ");
  const tone = errors > 0 ? "bad" : warnings > 0 ? "warning" : "good";
  return toned(text, tone, screen);
}
