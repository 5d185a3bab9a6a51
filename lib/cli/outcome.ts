/** What a command for operators found, before it is printed. Pure. @module */

import type { EXIT_STATUS } from "./exit_status.ts";
import type { Screen } from "./screen.ts";

/** What a command found. */
export interface Outcome {
  readonly status: typeof EXIT_STATUS[keyof typeof EXIT_STATUS];
  /** Returns what `--json` prints. */
  readonly json: () => unknown;
  /** Returns the lines for a reader. */
  readonly lines: (screen: Screen) => readonly string[];
  /** What the reader should know about the lines or the JSON, for stderr. */
  readonly notes: readonly string[];
  /** Whether the command has printed its answer itself, as events came. */
  readonly isPrinted?: boolean;
  /** Whether the lines are a document for another program, of which nothing is escaped. */
  readonly isVerbatim?: boolean;
}
