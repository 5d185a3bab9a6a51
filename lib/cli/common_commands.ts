/** Commands and options that every program has. Pure. @module */

import { SHELLS } from "./completion.ts";
import { EXIT_STATUS } from "./exit_status.ts";
import type { Command, ExitStatus, Option, Program } from "./program.ts";

const STATUS: Readonly<Record<keyof typeof EXIT_STATUS, number>> = EXIT_STATUS;

/**
 * Returns the exit statuses of a command.
 *
 * @param problems When it exits with status 1; absent if it never does.
 */
export function exitStatuses(
  ok: string,
  problems?: string,
): readonly ExitStatus[] {
  return [
    { status: STATUS.ok, meaning: ok },
    ...(problems === undefined
      ? []
      : [{ status: STATUS.problems, meaning: problems }]),
    { status: STATUS.usage, meaning: "The arguments are wrong" },
    {
      status: STATUS.failure,
      meaning:
        "The operating system refused something, so the answer is missing or incomplete",
    },
  ];
}

/** Options of every command. */
export const COMMON_OPTIONS: readonly Option[] = [
  { name: "json", help: "Print one JSON document instead of text" },
  { name: "wide", help: "Do not shorten the columns of tables" },
];

/** Returns the command that prints the completions. */
export function completionCommand(name: Program["name"]): Command {
  return {
    name: "completion",
    summary: "Print the completions for a shell",
    description: [
      `Load them with: source <(${name} completion bash), or write them to the directory of completions of the shell.`,
    ],
    arguments: [{
      name: "SHELL",
      help: SHELLS.join(", "),
      isRequired: true,
      isRepeated: false,
      completion: SHELLS,
    }],
    options: [],
    statuses: exitStatuses("The completions are printed"),
    examples: [{
      call:
        `${name} completion bash >/usr/share/bash-completion/completions/${name}`,
      comment: "For all users of bash",
    }],
  };
}

/** Returns the command that prints the manual page. */
export function manCommand(name: Program["name"]): Command {
  return {
    name: "man",
    summary: "Print the manual page",
    description: ["The page is in the format of man(7)."],
    arguments: [],
    options: [],
    statuses: exitStatuses("The page is printed"),
    examples: [{ call: `${name} man | man -l -`, comment: "Read the page" }],
  };
}
