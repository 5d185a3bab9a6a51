/** Commands and options that both programs have. Pure. @module */

import { DEFAULT_CONFIG_DIR } from "../cni/config_document.ts";
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

/**
 * Returns the command that checks configurations.
 *
 * @param texts `warnings`: what it warns about in addition to unknown keys, as part of a sentence;
 *   `all`: what it checks without arguments.
 */
export function validateCommand(
  name: Program["name"],
  { warnings, all }: { readonly warnings: string; readonly all: string },
): Command {
  return {
    name: "validate",
    summary: "Check network configurations",
    description: [
      `Prints every problem at once, with its JSON path and what to write instead. An error makes ADD fail. A warning was hardly intended: a key that the plugin does not know, ${warnings}.`,
      "A file has a configuration, a list of plugins, a NetworkAttachmentDefinition of Kubernetes, or a list of these, in JSON. YAML is not read: convert it first, as kubectl get -o json does. Configurations of other IPAM plugins are not checked.",
    ],
    arguments: [{
      name: "PATH",
      help:
        `a file, a directory of files, or - for standard input; without one, ${DEFAULT_CONFIG_DIR}`,
      isRequired: false,
      isRepeated: true,
      completion: "file",
    }],
    options: [{
      name: "strict",
      help: "Exit with status 1 if there are warnings, too",
    }],
    statuses: exitStatuses("There are no errors", "There are errors"),
    examples: [
      { call: `${name} validate`, comment: all },
      {
        call: `kubectl get net-attach-def -A -o json | ${name} validate -`,
        comment: "All NetworkAttachmentDefinitions of a cluster",
      },
    ],
  };
}

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
