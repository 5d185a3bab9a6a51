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
  /** The cells have printable ASCII only, and are not checked for anything else. */
  readonly isPlain?: boolean;
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
  const printable = columns.map(({ isPlain }, index) =>
    isPlain === true ? cells[index] ?? [] : printableCells(cells[index])
  );
  const natural = columns.map(({ title }, index) =>
    widestOf(printable[index] ?? [], title.length)
  );
  const widths = fittingWidths(columns, natural, screen.columns);
  const formatted = columns.map((column, index) =>
    formattedCells([column.title, ...printable[index] ?? []], {
      width: widths[index] ?? 0,
      isLast: index === columns.length - 1,
      column,
      screen,
    })
  );
  const last = formatted.at(-1) ?? [];
  const lines = last.map((text, row) => {
    let line = "";
    for (const texts of formatted) line += texts[row];
    return text === "" ? line.trimEnd() : line;
  });
  return [toned(lines[0] ?? "", "heading", screen), ...lines.slice(1)];
}

/** Printable ASCII. */
const PLAIN = /^[ -~]*$/;

function printableCells(cells: readonly Cell[] = []): readonly Cell[] {
  // One match for all cells takes a fraction of the time of one for each.
  if (PLAIN.test(cells.map(textOf).join(""))) return cells;
  return cells.map((cell) => {
    const text = escapedText(textOf(cell));
    return typeof cell === "string" ? text : { text, tone: cell.tone };
  });
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

function widestOf(cells: readonly Cell[], atLeast: number): number {
  let width = atLeast;
  for (const cell of cells) {
    const { length } = typeof cell === "string" ? cell : cell.text;
    if (length > width) width = length;
  }
  return width;
}

/**
 * Returns the texts of cells, with the gap to the next column. Formats equal ones that follow each
 * other once.
 */
function formattedCells(
  cells: readonly Cell[],
  { width, isLast, column: { isNumber = false }, screen }: {
    readonly width: number;
    readonly isLast: boolean;
    readonly column: Column;
    readonly screen: Screen;
  },
): readonly string[] {
  const texts: string[] = [];
  const gap = isLast ? "" : GAP;
  const cut = Math.max(0, width - 1);
  let last: Cell | undefined;
  let formatted = "";
  for (const cell of cells) {
    if (cell !== last) {
      let text = textOf(cell);
      if (text.length > width) text = text.slice(0, cut) + ELLIPSIS;
      else if (isNumber) text = text.padStart(width);
      else if (!isLast) text = text.padEnd(width);
      formatted = typeof cell === "string"
        ? text + gap
        : toned(text, cell.tone, screen) + gap;
      last = cell;
    }
    texts.push(formatted);
  }
  return texts;
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
