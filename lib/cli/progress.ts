/** The progress of long work, in one line of a terminal. Pure but for its parameters. @module */

import { escapedText } from "../base/quoted_text.ts";
import { formatBar } from "./bar.ts";

/** Work that ends earlier shows nothing. */
const DELAY_MS = 500;

/** The minimum time between two changes of the line. */
const INTERVAL_MS = 100;

const BAR_WIDTH = 22;

/** Moves the cursor to the start of the line and erases it (ECMA-48). */
const ERASE = "\r\x1b[K";

/** Receives the progress of work. */
export interface ProgressReport {
  /**
   * Reports progress. May be called for every item: most calls do nothing.
   *
   * @param work What is being done: `reading /x`.
   * @param done How much of it is done.
   * @param total How much there is; undefined if that is not known.
   */
  report(work: string, done: number, total?: number): void;
}

/** Shows nothing, for output that is not a terminal. */
export const NO_PROGRESS: ProgressReport = { report: () => {} };

/** Shows progress in one line, which is rewritten as work advances, and finally erased. */
export class ProgressLine implements ProgressReport {
  readonly #columns: number;
  readonly #write: (text: string) => void;
  readonly #nowMs: () => number;
  #nextMs: number;
  #isShown = false;

  /**
   * @param options `columns`: the width of the terminal; `write`: writes to it; `nowMs`: a clock,
   *   in milliseconds.
   */
  constructor({ columns, write, nowMs }: {
    readonly columns: number;
    readonly write: (text: string) => void;
    readonly nowMs: () => number;
  }) {
    this.#columns = columns;
    this.#write = write;
    this.#nowMs = nowMs;
    this.#nextMs = nowMs() + DELAY_MS;
  }

  report(work: string, done: number, total?: number): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + INTERVAL_MS;
    this.#isShown = true;
    const text = progressText(escapedText(work), done, total);
    // A full line would move the cursor to the next one.
    this.#write(ERASE + text.slice(0, this.#columns - 1));
  }

  /** Erases the line, so that other text can be written. The next report shows it again. */
  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#write(ERASE);
  }
}

function progressText(
  work: string,
  done: number,
  total: number | undefined,
): string {
  if (total === undefined || total === 0) return `${work}: ${done}`;
  const share = done / total;
  const percent = `${Math.floor(100 * share)}%`.padStart(4);
  return `${
    formatBar(share, BAR_WIDTH)
  }${percent} ${work}: ${done} of ${total}`;
}
