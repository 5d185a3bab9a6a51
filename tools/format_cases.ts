/**
 * `deno task format:cases`: formats the case files of the conformance suites. With `--check` it
 * writes nothing, lists the files that are not formatted, and exits with status 1 if there are any.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { REPOSITORY } from "./repository.ts";
import { print } from "./terminal.ts";

const DIRECTORIES = [
  "tests/host_local/conformance/cases",
  "tests/dhcp/conformance/cases",
];
/** The maximum line length, as for comments; only a single long text may exceed it. */
const WIDTH = 120;

/** Where a value is printed. */
interface Position {
  /** The indentation of its line. */
  readonly indent: string;
  /** The number of characters before it on its line. */
  readonly before: number;
  /** The number of characters that must follow it on its last line. */
  readonly after: number;
}

/** Returns the paths of the case files. */
export function caseFiles(): string[] {
  return DIRECTORIES.flatMap((directory) =>
    [...Deno.readDirSync(`${REPOSITORY}/${directory}`)].map(({ name }) =>
      `${REPOSITORY}/${directory}/${name}`
    )
  ).filter((path) => path.endsWith(".json")).sort();
}

/**
 * Formats the text of a case file: an object or a list is on one line where it fits, else it has a
 * line for each of its entries. A single entry that is an object or a list stays on the line of its
 * parent.
 *
 * @throws {SyntaxError} if the text is not JSON.
 */
export function formatCases(text: string): string {
  const value: unknown = JSON.parse(text);
  return `${format(value, { indent: "", before: 0, after: 0 })}\n`;
}

function format(value: unknown, { indent, before, after }: Position): string {
  const line = formatLine(value);
  const isShort = before + line.length + after <= WIDTH;
  if (isShort || typeof value !== "object" || value === null) return line;
  const isList = Array.isArray(value);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  const entries = Object.entries(value).map(([key, inner]) => ({
    label: isList ? "" : `${formatText(key)}: `,
    inner: inner as unknown,
  }));
  const [only] = entries;
  if (only !== undefined && entries.length === 1 && isContainer(only.inner)) {
    const space = isList ? "" : " ";
    const start = `${open}${space}${only.label}`;
    const end = `${space}${close}`;
    const inner = format(only.inner, {
      indent,
      before: before + start.length,
      after: after + end.length,
    });
    return `${start}${inner}${end}`;
  }
  const deeper = `${indent}  `;
  const lines = entries.map(({ label, inner }) => {
    const start = `${deeper}${label}`;
    const position = { indent: deeper, before: start.length, after: 1 };
    return `${start}${format(inner, position)}`;
  });
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

function formatLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatLine).join(", ")}]`;
  if (!isContainer(value)) return formatText(value);
  const entries = Object.entries(value).map(([key, inner]) =>
    `${formatText(key)}: ${formatLine(inner)}`
  );
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/**
 * A value that is neither an object nor a list. Characters that an editor does not show are
 * escaped.
 */
function formatText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\p{C}\p{Z}]/gu,
    (character) => character === " " ? character : escape(character),
  );
}

function escape(character: string): string {
  return character.split("").map((unit) =>
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  ).join("");
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

if (import.meta.main) {
  const { check } = parseArgs(Deno.args, { boolean: ["check"] });
  let unformatted = 0;
  for (const path of caseFiles()) {
    const text = Deno.readTextFileSync(path);
    const formatted = formatCases(text);
    if (text === formatted) continue;
    unformatted += 1;
    const shown = path.slice(REPOSITORY.length + 1);
    print(check ? `not formatted: ${shown}` : `formatted: ${shown}`);
    if (!check) Deno.writeTextFileSync(path, formatted);
  }
  Deno.exit(check && unformatted > 0 ? 1 : 0);
}
