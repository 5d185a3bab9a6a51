/** The text that `--help` prints. Pure. @module */

import {
  type Command,
  formatArguments,
  formatOption,
  type Option,
  optionsOf,
  type Program,
} from "./program.ts";
import {
  type Definition,
  formatDefinitions,
  wrapText,
} from "./wrapped_text.ts";

/** Longer lines are hard to read. */
const MAX_WIDTH = 100;

/** Returns the help of a program, or of one of its commands. */
export function helpText(
  program: Program,
  command: Command | undefined,
  columns: number,
): string {
  const width = Math.min(columns, MAX_WIDTH);
  const lines = command === undefined
    ? programHelp(program, width)
    : commandHelp(program, command, width);
  return `${lines.join("\n")}\n`;
}

function programHelp(program: Program, width: number): readonly string[] {
  const { name, summary, description, commands } = program;
  return [
    `${name}: ${summary}`,
    "",
    ...paragraphs(description, width),
    `Usage: ${name} COMMAND [OPTION...] [ARGUMENT...]`,
    "",
    "Commands:",
    ...formatDefinitions(
      commands.map((each) => [each.name, each.summary]),
      width,
    ),
    "",
    ...wrapText(
      `"${name} COMMAND --help" explains a command, "${name} --version" prints the version.`,
      { width },
    ),
  ];
}

function commandHelp(
  program: Program,
  command: Command,
  width: number,
): readonly string[] {
  const { name, summary, description, arguments: list, statuses } = command;
  const usage = [
    `Usage: ${program.name} ${name} [OPTION...]`,
    formatArguments(command),
  ];
  return [
    usage.filter((part) => part !== "").join(" "),
    "",
    `${summary}.`,
    "",
    ...paragraphs(description, width),
    ...section("Arguments", {
      definitions: list.map(({ name, help }) => [name, `${help}.`]),
      width,
    }),
    ...section("Options", {
      definitions: [
        ...optionsOf(program, command).map((option) =>
          [formatOption(option), optionHelp(option)] as const
        ),
        ["--help", "Print this text."],
      ],
      width,
    }),
    ...section("Exit status", {
      definitions: statuses.map((
        { status, meaning },
      ) => [`${status}`, `${meaning}.`]),
      width,
    }),
    ...examplesSection(command, width),
  ].slice(0, -1);
}

/** Returns what an option does, with its default. */
export function optionHelp({ help, fallback }: Option): string {
  return fallback === undefined
    ? `${help}.`
    : `${help}. The default is ${fallback}.`;
}

function paragraphs(texts: readonly string[], width: number): string[] {
  return texts.flatMap((text) => [...wrapText(text, { width }), ""]);
}

function section(
  title: string,
  { definitions, width }: {
    readonly definitions: readonly Definition[];
    readonly width: number;
  },
): string[] {
  return definitions.length === 0
    ? []
    : [`${title}:`, ...formatDefinitions(definitions, width), ""];
}

function examplesSection({ examples }: Command, width: number): string[] {
  if (examples.length === 0) return [];
  const lines = examples.flatMap(({ call, comment }) => [
    ...wrapText(`${comment}:`, { width: width - 2 }).map((line) => `  ${line}`),
    `    ${call}`,
  ]);
  return ["Examples:", ...lines, ""];
}
