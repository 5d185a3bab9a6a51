/** Runs a command of a program, from its arguments to what it prints. Pure. @module */

import { ConfigError, DecodeError, SystemError } from "../base/errors.ts";
import { escapedText } from "../base/quoted_text.ts";
import {
  type CommandCall,
  readCommandLine,
  UsageError,
} from "./command_line.ts";
import { completionScript, SHELLS } from "./completion.ts";
import { adviceOn } from "./error_advice.ts";
import { EXIT_STATUS } from "./exit_status.ts";
import { helpText } from "./help_text.ts";
import { manPage } from "./man_page.ts";
import type { Outcome } from "./outcome.ts";
import type { Program } from "./program.ts";
import { safeLine, type Screen, toned, UNLIMITED_COLUMNS } from "./screen.ts";

/** What a command prints, and how it ends. */
export interface Printed {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What running a command needs in addition to its arguments. */
export interface ProgramContext {
  readonly screen: Screen;
  /** The version of the program. */
  readonly version: string;
  /**
   * Runs a command other than `completion` and `man`.
   *
   * @throws {UsageError | SystemError | ConfigError | DecodeError} if it has no outcome.
   */
  run(call: CommandCall): Promise<Outcome>;
}

/** Runs a command. */
export async function runProgram(
  program: Program,
  args: readonly string[],
  context: ProgramContext,
): Promise<Printed> {
  const { screen, version } = context;
  try {
    const line = readCommandLine(program, args);
    switch (line.kind) {
      case "help":
        return printed(helpText(program, line.command, screen.columns));
      case "version":
        return printed(`${program.name} ${version}\n`);
      case "call":
        return render(await run(program, line, context), line, screen);
    }
  } catch (error) {
    return failure(error, program, screen);
  }
}

function printed(stdout: string): Printed {
  return { status: EXIT_STATUS.ok, stdout, stderr: "" };
}

async function run(
  program: Program,
  call: CommandCall,
  context: ProgramContext,
): Promise<Outcome> {
  const { command: { name }, arguments: [shell] } = call;
  switch (name) {
    case "completion":
      return document(completionScript(program, readShell(shell, name)));
    case "man":
      return document(manPage(program, context.version));
    default:
      return await context.run(call);
  }
}

function readShell(
  text: string | undefined,
  command: string,
): typeof SHELLS[number] {
  const shell = SHELLS.find((known) => known === text);
  if (shell !== undefined) return shell;
  throw new UsageError(
    `there are no completions for "${text}", only for ${SHELLS.join(", ")}`,
    command,
  );
}

/** A text that is printed as it is. */
function document(text: string): Outcome {
  return {
    status: EXIT_STATUS.ok,
    json: () => ({ text }),
    lines: () => [text.replace(/\n$/, "")],
    notes: [],
    isVerbatim: true,
  };
}

function render(
  { status, json, lines, notes, isPrinted = false, isVerbatim = false }:
    Outcome,
  { switches }: CommandCall,
  screen: Screen,
): Printed {
  const columns = switches.has("wide") ? UNLIMITED_COLUMNS : screen.columns;
  const text = (): string =>
    switches.has("json") ? formatJson(json()) : `${
      lines({ ...screen, columns })
        .map((line) => isVerbatim ? line : safeLine(line, screen))
        .join("\n")
    }\n`;
  return {
    status,
    stdout: isPrinted ? "" : text(),
    stderr: notes.map((note) => `note: ${escapedText(note)}\n`).join(""),
  };
}

/** Formats a document. Texts in it may come from a server or a container. */
function formatJson(value: unknown): string {
  const lines = JSON.stringify(value, undefined, 2).split("\n");
  return `${lines.map(escapedText).join("\n")}\n`;
}

function failure(error: unknown, program: Program, screen: Screen): Printed {
  const start = toned("error:", "bad", screen);
  if (error instanceof UsageError) {
    const { command, message } = error;
    const call = command === undefined
      ? program.name
      : `${program.name} ${command}`;
    return {
      status: EXIT_STATUS.usage,
      stdout: "",
      stderr: `${start} ${
        escapedText(message)
      }\n${call} --help explains the arguments\n`,
    };
  }
  if (
    error instanceof SystemError || error instanceof ConfigError ||
    error instanceof DecodeError
  ) {
    const advice = adviceOn(error);
    const { message } = error;
    return {
      status: EXIT_STATUS.failure,
      stdout: "",
      stderr: `${start} ${escapedText(message)}\n${
        advice === "" ? "" : `${escapedText(advice)}\n`
      }`,
    };
  }
  throw error;
}
