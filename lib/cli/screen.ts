/** Where the text of a command appears: how wide it is, and whether it has colors. Pure. @module */

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
