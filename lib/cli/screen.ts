/** Where the text of a command appears: how wide it is, and whether it has colors. Pure. @module */

import { escapedText } from "../base/quoted_text.ts";

/** What a piece of text says about its subject. */
export type Tone = "good" | "warning" | "bad" | "dim" | "heading";

/** The width and the colors of the output. */
export interface Screen {
  /** How many characters fit in a line. */
  readonly columns: number;
  /** Whether there are colors. */
  readonly hasColors: boolean;
}

/** The width of output whose columns are not shortened. */
export const UNLIMITED_COLUMNS: number = Number.MAX_SAFE_INTEGER;

/** The parameters of "select graphic rendition" (ECMA-48). */
const SGR: Readonly<Record<Tone, string>> = {
  good: "32",
  warning: "33",
  bad: "31",
  dim: "2",
  heading: "1",
};

/** Returns the text in the color of its tone. */
export function toned(
  text: string,
  tone: Tone | undefined,
  { hasColors }: Screen,
): string {
  return tone === undefined || !hasColors || text === ""
    ? text
    : `\x1b[${SGR[tone]}m${text}\x1b[0m`;
}

/** What {@link toned} adds to a text. */
// deno-lint-ignore no-control-regex
const TONES = /(\x1b\[(?:0|1|2|31|32|33)m)/;

/**
 * Escapes what a terminal would obey in a line, except for the colors of its tones: the names of
 * files, and what they contain, may be those of another user.
 */
export function safeLine(line: string, { hasColors }: Screen): string {
  if (!hasColors) return escapedText(line);
  // `split` returns what the parentheses match as every second piece.
  return line.split(TONES)
    .map((piece, index) => index % 2 === 1 ? piece : escapedText(piece))
    .join("");
}
