/** Text in lines that fit. Pure. @module */

/**
 * Breaks a paragraph into lines of at most `width` characters. A longer word gets a line of its
 * own.
 *
 * @param indent Put before each line but the first; it counts.
 */
export function wrapText(
  text: string,
  { width, indent = "" }: { readonly width: number; readonly indent?: string },
): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && longer.length > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** A term, and what it means. */
export type Definition = readonly [term: string, meaning: string];

/**
 * Formats a list of terms: each meaning begins in the same column, or on the next line after a long
 * term.
 */
export function formatDefinitions(
  definitions: readonly Definition[],
  width: number,
): string[] {
  const longest = Math.max(0, ...definitions.map(([term]) => term.length));
  const column = Math.min(longest, Math.floor(width / 3)) + 4;
  return definitions.flatMap(([term, meaning]) => {
    const indent = " ".repeat(column);
    const [first = "", ...more] = wrapText(meaning, { width: width - column });
    const start = `  ${term}`.padEnd(column);
    const head = start.length > column
      ? [`  ${term}`, `${indent}${first}`]
      : [`${start}${first}`];
    return [...head, ...more.map((line) => `${indent}${line}`)];
  });
}
