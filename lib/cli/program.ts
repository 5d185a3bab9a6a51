/**
 * A program with commands, as data: its help, its man page and its shell completions are made of
 * it. Pure.
 *
 * @module
 */

/** What a shell offers for a value. */
export type Completion = "file" | "directory" | readonly string[];

/** An option, such as `--data-dir DIR`. */
export interface Option {
  /** Without the dashes. */
  readonly name: string;
  /** The name of its value; absent for a switch. */
  readonly value?: string;
  /** A sentence without a period. */
  readonly help: string;
  /** The value without the option, for the help. */
  readonly fallback?: string;
  readonly completion?: Completion;
}

/** An argument of a command. */
export interface Argument {
  /** In upper case. */
  readonly name: string;
  readonly help: string;
  readonly isRequired: boolean;
  readonly isRepeated: boolean;
  readonly completion?: Completion;
}

/** A command of a program. */
export interface Command {
  readonly name: string;
  /** A phrase that begins with a verb, without a period. */
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  readonly arguments: readonly Argument[];
  readonly options: readonly Option[];
  /** What the program exits with, and when. */
  readonly statuses: readonly ExitStatus[];
  readonly examples: readonly Example[];
}

/** An exit status, and what it means. */
export interface ExitStatus {
  readonly status: number;
  readonly meaning: string;
}

/** A call of a command. */
export interface Example {
  readonly call: string;
  readonly comment: string;
}

/** A program. */
export interface Program {
  readonly name: string;
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  readonly commands: readonly Command[];
  /** Options of every command. */
  readonly commonOptions: readonly Option[];
  readonly files: readonly { readonly path: string; readonly help: string }[];
  readonly seeAlso: readonly string[];
}

/** Returns all options of a command. */
export function optionsOf(
  { commonOptions }: Program,
  { options }: Command,
): readonly Option[] {
  return [...options, ...commonOptions];
}

/** Formats an option as it is written: `--data-dir DIR`. */
export function formatOption({ name, value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

/** Formats the arguments of a command as a usage line has them: `[NETWORK...]`. */
export function formatArguments({ arguments: list }: Command): string {
  return list.map(({ name, isRequired, isRepeated }) => {
    const text = isRepeated ? `${name}...` : name;
    return isRequired ? text : `[${text}]`;
  }).join(" ");
}
