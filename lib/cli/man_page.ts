/** The manual page of a program, in the format of man(7). Pure. @module */

import { optionHelp } from "./help_text.ts";
import {
  type Command,
  formatArguments,
  type Option,
  optionsOf,
  type Program,
} from "./program.ts";

/** Commands for administrators (man-pages(7)). */
const SECTION = "8";

/** Returns the manual page. @param version The version of the program. */
export function manPage(program: Program, version: string): string {
  const { name, summary, description, commands, files, seeAlso } = program;
  const lines = [
    `.TH ${name.toUpperCase()} ${SECTION} "" "${name} ${version}"`,
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(summary)}`,
    ".SH SYNOPSIS",
    ...commands.flatMap((command) => synopsis(program, command)),
    ".SH DESCRIPTION",
    ...paragraphs(description),
    ".SH COMMANDS",
    ...commands.flatMap((command) => commandLines(program, command)),
    ".SH EXIT STATUS",
    ...exitStatuses(program),
    ".SH FILES",
    ...files.flatMap(({ path, help }) => definition(italic(path), `${help}.`)),
    ".SH SEE ALSO",
    ...seeAlso.map(escaped),
  ];
  return `${lines.join("\n")}\n`;
}

/** Escapes what roff would obey. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-")
    .replace(/^(['.])/, "\\&$1");
}

function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => [".PP", escaped(text)]);
}

function definition(term: string, meaning: string): string[] {
  return [".TP", term, escaped(meaning)];
}

function synopsis(program: Program, command: Command): string[] {
  const start = bold(`${program.name} ${command.name}`);
  const options = optionsOf(program, command)
    .map((option) => `[${optionTerm(option)}]`);
  const list = formatArguments(command);
  return [
    [start, ...options, italic(list)].filter((part) => part !== italic(""))
      .join(" "),
    ".br",
  ];
}

function optionTerm({ name, value }: Option): string {
  return value === undefined
    ? bold(`--${name}`)
    : `${bold(`--${name}`)} ${italic(value)}`;
}

function commandLines(program: Program, command: Command): string[] {
  const { name, summary, description, arguments: list, examples } = command;
  return [
    `.SS ${name}`,
    escaped(`${summary}.`),
    ...paragraphs(description),
    ...list.flatMap((argument) =>
      definition(italic(argument.name), `${sentence(argument.help)}.`)
    ),
    ...optionsOf(program, command).flatMap((option) =>
      definition(optionTerm(option), optionHelp(option))
    ),
    ...examples.flatMap(({ call, comment }) => [
      ".PP",
      escaped(`${comment}:`),
      ".PP",
      ".nf",
      ".RS",
      escaped(call),
      ".RE",
      ".fi",
    ]),
  ];
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns each status once, with its meaning for each command that has one of its own. */
function exitStatuses({ commands }: Program): string[] {
  const meanings = new Map<number, Map<string, string[]>>();
  for (const { name, statuses } of commands) {
    for (const { status, meaning } of statuses) {
      const known = meanings.get(status) ?? new Map<string, string[]>();
      meanings.set(status, known);
      known.set(meaning, [...known.get(meaning) ?? [], name]);
    }
  }
  return [...meanings].sort(([a], [b]) => a - b).flatMap(([status, known]) => {
    const isShared = known.size === 1;
    const text = [...known].map(([meaning, names]) =>
      isShared ? `${meaning}.` : `${names.join(", ")}: ${meaning}.`
    ).join(" ");
    return definition(String(status), text);
  });
}
