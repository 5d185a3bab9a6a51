/** Reads the arguments of a program. Pure. @module */

import { parseArgs } from "@std/cli/parse-args";
import { similarWord } from "../base/similar_word.ts";
import { type Command, optionsOf, type Program } from "./program.ts";

/** Arguments that the program does not accept. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** The command that was called, if it is known. */
  readonly command: string | undefined;

  constructor(message: string, command?: string) {
    super(message);
    this.command = command;
  }
}

/** What a command is called with. */
export interface CommandCall {
  readonly command: Command;
  /** The options with a value that were given. */
  readonly values: Readonly<Record<string, string>>;
  /** The switches that were given. */
  readonly switches: ReadonlySet<string>;
  readonly arguments: readonly string[];
}

/** What the arguments of a program ask for. */
export type CommandLine =
  | { readonly kind: "help"; readonly command?: Command }
  | { readonly kind: "version" }
  | ({ readonly kind: "call" } & CommandCall);

/**
 * Reads the arguments of a program.
 *
 * @throws {UsageError} if there is no such command, an option is unknown or has no value, or the
 *   number of arguments is wrong.
 */
export function readCommandLine(
  program: Program,
  args: readonly string[],
): CommandLine {
  const [first = "", ...rest] = args;
  if (["--help", "-h", ""].includes(first)) return { kind: "help" };
  if (first === "--version") return { kind: "version" };
  if (first === "help") {
    const [wanted] = rest;
    return wanted === undefined
      ? { kind: "help" }
      : { kind: "help", command: findCommand(program, wanted) };
  }
  const command = findCommand(program, first);
  if (asksForHelp(rest)) return { kind: "help", command };
  return { kind: "call", ...readCall(program, command, rest) };
}

/** Returns whether there is `--help` or `-h` before `--`. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  return own.includes("--help") || own.includes("-h");
}

function findCommand({ name, commands }: Program, wanted: string): Command {
  const found = commands.find((command) => command.name === wanted);
  if (found !== undefined) return found;
  if (wanted.startsWith("-")) {
    throw new UsageError(`option ${wanted} must follow a command`);
  }
  const similar = similarWord(wanted, commands.map((each) => each.name));
  throw new UsageError(
    `${name} has no command "${wanted}"${suggestion(similar)}`,
  );
}

function suggestion(similar: string | undefined): string {
  return similar === undefined ? "" : `; did you mean ${similar}?`;
}

function readCall(
  program: Program,
  command: Command,
  args: readonly string[],
): CommandCall {
  const options = optionsOf(program, command);
  const withValue = options.filter(({ value }) => value !== undefined)
    .map(({ name }) => name);
  const switches = options.filter(({ value }) => value === undefined)
    .map(({ name }) => name);
  const unknown: string[] = [];
  const joined = withJoinedDash(args, withValue);
  const parsed: Readonly<Record<string, unknown>> = parseArgs(joined, {
    boolean: switches,
    string: [...withValue, "_"],
    unknown: (arg, key) => {
      if (key === undefined) return true;
      unknown.push(arg);
      return false;
    },
  });
  const [stranger] = unknown;
  if (stranger !== undefined) throw unknownOption(stranger, command, options);
  const positional = parsed["_"];
  const call: CommandCall = {
    command,
    values: Object.fromEntries(
      withValue.flatMap((name) => {
        const value = parsed[name];
        return value === undefined ? [] : [[name, String(value)]];
      }),
    ),
    switches: new Set(switches.filter((name) => parsed[name] === true)),
    arguments: Array.isArray(positional) ? positional.map(String) : [],
  };
  refuseMissingValue(call, options);
  refuseWrongCount(call);
  return call;
}

/** Joins an option with the value `-`, which the parser takes for the next option. */
function withJoinedDash(
  args: readonly string[],
  withValue: readonly string[],
): string[] {
  const end = args.indexOf("--");
  return args.flatMap((arg, index) => {
    const isOption = (text: string | undefined): boolean =>
      (end < 0 || index < end) &&
      withValue.some((name) => text === `--${name}`);
    if (arg === "-" && isOption(args[index - 1])) return [];
    return isOption(arg) && args[index + 1] === "-" ? [`${arg}=-`] : [arg];
  });
}

function unknownOption(
  option: string,
  { name: command }: Command,
  options: readonly { readonly name: string }[],
): UsageError {
  const [name = ""] = option.replace(/^-+/, "").split("=");
  const similar = similarWord(name, options.map((each) => each.name));
  return new UsageError(
    `${command} has no option "${option}"${
      suggestion(similar && `--${similar}`)
    }`,
    command,
  );
}

function refuseMissingValue(
  { command, values }: CommandCall,
  options: readonly { readonly name: string; readonly value?: string }[],
): void {
  const empty = options.find(({ name }) => values[name] === "");
  if (empty === undefined) return;
  throw new UsageError(
    `option --${empty.name} needs a value: ${empty.value}`,
    command.name,
  );
}

function refuseWrongCount({ command, arguments: given }: CommandCall): void {
  const { name, arguments: expected } = command;
  const missing = expected.find(({ isRequired }, index) =>
    isRequired && index >= given.length
  );
  if (missing !== undefined) {
    throw new UsageError(
      `${name} needs an argument: ${missing.name}, ${missing.help}`,
      name,
    );
  }
  const isOpen = expected.some(({ isRepeated }) => isRepeated);
  if (isOpen || given.length <= expected.length) return;
  const [excess = ""] = given.slice(expected.length);
  throw new UsageError(`${name} has no use for the argument "${excess}"`, name);
}
