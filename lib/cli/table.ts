/** Tables that fit the screen. Pure. @module */

import { escapedText } from "../base/quoted_text.ts";
import { type Screen, type Tone, toned } from "./screen.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers are aligned to the right. */
  readonly isNumber?: boolean;
  /** The column may be shortened to so many characters. Absent: never. */
  readonly minWidth?: number;
}

/** A cell: its text, and the color of it. */
export type Cell = string | { readonly text: string; readonly tone: Tone };

const GAP = "  ";
const ELLIPSIS = "…";

/**
 * Formats a table: a line with the titles, and a line for each row. Columns that may be shortened
 * are, the widest first, until the table fits.
 *
 * @param cells The cells of each column, all of the same length.
 */
export function formatTable(
  columns: readonly Column[],
  cells: readonly (readonly Cell[])[],
  screen: Screen,
): string[] {
  const printable = columns.map((_, index) => printableCells(cells[index]));
  const natural = columns.map(({ title }, index) =>
    widestOf(printable[index] ?? [], title.length)
  );
  const widths = fittingWidths(columns, natural, screen.columns);
  const titles = columns.map((column, index) =>
    aligned(column.title, widths[index] ?? 0, column)
  );
  const formatted = columns.map((column, index) =>
    formattedCells(printable[index] ?? [], {
      width: widths[index] ?? 0,
      column,
      screen,
    })
  );
  const lines = [toned(titles.join(GAP).trimEnd(), "heading", screen)];
  for (let row = 0; row < (cells[0]?.length ?? 0); row++) {
    let line = "";
    for (const texts of formatted) {
      line += line === "" ? texts[row] : GAP + texts[row];
    }
    lines.push(line.trimEnd());
  }
  return lines;
}

/** Printable ASCII. */
const PLAIN = /^[ -~]*$/;

function printableCells(cells: readonly Cell[] = []): readonly Cell[] {
  const printable = (text: string): string =>
    PLAIN.test(text) ? text : escapedText(text);
  return eachOnce(
    cells,
    (cell) =>
      typeof cell === "string"
        ? printable(cell)
        : { text: printable(cell.text), tone: cell.tone },
  );
}

function widestOf(cells: readonly Cell[], atLeast: number): number {
  let width = atLeast;
  for (const cell of cells) {
    const { length } = typeof cell === "string" ? cell : cell.text;
    if (length > width) width = length;
  }
  return width;
}

function formattedCells(
  cells: readonly Cell[],
  { width, column, screen }: {
    readonly width: number;
    readonly column: Column;
    readonly screen: Screen;
  },
): readonly string[] {
  return eachOnce(
    cells,
    (cell) =>
      typeof cell === "string"
        ? aligned(cell, width, column)
        : toned(aligned(cell.text, width, column), cell.tone, screen),
  );
}

/** Applies a function to each value, once to equal ones that follow each other. */
function eachOnce<T, R>(values: readonly T[], apply: (value: T) => R): R[] {
  const results: R[] = [];
  let last: T | undefined;
  let result: R | undefined;
  for (const value of values) {
    if (result === undefined || value !== last) result = apply(value);
    last = value;
    results.push(result);
  }
  return results;
}

function aligned(text: string, width: number, { isNumber }: Column): string {
  if (text.length > width) {
    return `${text.slice(0, Math.max(0, width - 1))}${ELLIPSIS}`;
  }
  return isNumber ? text.padStart(width) : text.padEnd(width);
}

function fittingWidths(
  columns: readonly Column[],
  natural: readonly number[],
  available: number,
): number[] {
  const widths = [...natural];
  const gaps = GAP.length * (columns.length - 1);
  for (;;) {
    const excess = widths.reduce((sum, width) => sum + width, gaps) - available;
    if (excess <= 0) return widths;
    const shrinkable = columns
      .map(({ minWidth }, index) => ({
        index,
        width: widths[index] ?? 0,
        minWidth: minWidth ?? Infinity,
      }))
      .filter(({ width, minWidth }) => width > minWidth)
      .sort((a, b) => b.width - a.width);
    const [widest] = shrinkable;
    if (widest === undefined) return widths;
    const { index, width, minWidth } = widest;
    widths[index] = Math.max(minWidth, width - excess);
  }
}
