/** Flags of a command line, in the syntax of Go's flag package. Pure. @module */

import { formatDuration, parseDuration } from "./duration.ts";

/** The name of each kind is that in the usage text, as Go's flag package has it. */
type FlagKind = "bool" | "string" | "duration" | "uint";

/** What a flag sets. */
interface FlagDefinition<Key> {
  readonly key: Key;
  readonly kind: FlagKind;
  readonly usage: string;
  /** The smallest duration that makes sense. */
  readonly minMs?: number;
  /** The largest number that makes sense. */
  readonly max?: number;
  /** The values of a string that can be chosen; absent: any. */
  readonly choices?: readonly string[];
}

/** The flags of a command, in the order of the usage text. Durations are in milliseconds. */
export interface FlagSet<Flags> {
  readonly definitions: ReadonlyMap<string, FlagDefinition<keyof Flags>>;
  readonly defaults: Flags;
}

/** The result of {@link parseFlags}. */
type FlagsResult<Flags> =
  | { readonly kind: "flags"; readonly flags: Flags }
  | {
    /** The command does not run: print `text` to stderr and exit with `exitStatus`. */
    readonly kind: "exit";
    readonly text: string;
    readonly exitStatus: number;
  };

class FlagError extends Error {}

/** Returns the text that `-h` prints. */
function formatUsage<Flags>(
  { definitions, defaults }: FlagSet<Flags>,
): string {
  const lines = [...definitions].map(([name, { key, kind, usage }]) => {
    const type = kind === "bool" ? "" : ` ${kind}`;
    return `  -${name}${type}\n    \t${usage}${
      formatDefault(kind, defaults[key])
    }`;
  });
  return ["Usage of daemon:", ...lines].join("\n");
}

/**
 * Parses the command line after `daemon`. The first word that is not a flag and all words after it
 * are ignored, as upstream does.
 */
export function parseFlags<Flags>(
  args: readonly string[],
  set: FlagSet<Flags>,
): FlagsResult<Flags> {
  try {
    return { kind: "flags", flags: parse(args, set) };
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return error.message === ""
      ? { kind: "exit", text: formatUsage(set), exitStatus: 0 }
      : {
        kind: "exit",
        text: `${error.message}\n${formatUsage(set)}`,
        exitStatus: 2,
      };
  }
}

function parse<Flags>(
  args: readonly string[],
  { definitions, defaults }: FlagSet<Flags>,
): Flags {
  let flags = defaults;
  const rest = [...args];
  for (;;) {
    const word = rest.shift();
    if (word === undefined || word === "--" || !/^-./.test(word)) break;
    const [, name = "", value] = splitWord(word);
    const definition = definitions.get(name);
    if (definition === undefined) {
      if (name === "h" || name === "help") throw new FlagError("");
      throw new FlagError(`flag provided but not defined: -${name}`);
    }
    const parsed = parseValue(name, definition, { given: value, rest });
    flags = { ...flags, [definition.key]: parsed };
  }
  return flags;
}

function splitWord(
  word: string,
): readonly [word: string, name: string, value: string | undefined] {
  const [, name, value] = word.match(/^--?([^-=][^=]*)(?:=(.*))?$/s) ?? [];
  if (name === undefined) throw new FlagError(`bad flag syntax: ${word}`);
  return [word, name, value];
}

function parseValue(
  name: string,
  { kind, minMs = 0, max = Infinity, choices }: FlagDefinition<unknown>,
  { given, rest }: {
    readonly given: string | undefined;
    readonly rest: string[];
  },
): boolean | string | number {
  // The word after a boolean flag is not its value.
  if (kind === "bool") return parseBoolean(name, given ?? "true");
  const value = given ?? rest.shift();
  if (value === undefined) {
    throw new FlagError(`flag needs an argument: -${name}`);
  }
  switch (kind) {
    case "string":
      if (choices?.includes(value) !== false) return value;
      throw invalid(name, value, `must be ${choices.join(" or ")}`);
    case "duration":
      return parseMs(name, value, minMs);
    case "uint":
      return parseCount(name, value, max);
  }
}

function parseMs(name: string, value: string, minMs: number): number {
  const ms = parseDuration(value);
  if (ms === undefined || ms < 0) throw invalid(name, value, "parse error");
  if (ms >= minMs) return ms;
  throw invalid(name, value, `must be at least ${formatDuration(minMs)}`);
}

function parseCount(name: string, value: string, max: number): number {
  if (!/^[0-9]+$/.test(value)) throw invalid(name, value, "parse error");
  const count = Number(value);
  if (count <= max) return count;
  throw invalid(name, value, `must be at most ${max}`);
}

function invalid(name: string, value: string, reason: string): FlagError {
  return new FlagError(
    `invalid value ${JSON.stringify(value)} for flag -${name}: ${reason}`,
  );
}

function parseBoolean(name: string, value: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(value)) return false;
  throw new FlagError(
    `invalid boolean value ${JSON.stringify(value)} for -${name}: parse error`,
  );
}

function formatDefault(kind: FlagKind, value: unknown): string {
  if (value === "" || value === false) return "";
  if (kind === "duration") return ` (default ${formatDuration(Number(value))})`;
  return ` (default ${JSON.stringify(value)})`;
}
