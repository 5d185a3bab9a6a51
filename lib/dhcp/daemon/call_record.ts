/** The duration and the outcome of calls. Pure. @module */

import { toCniError } from "../../cni/error.ts";
import type { Command } from "../../cni/spec_version.ts";

/** Records calls that have ended. */
export interface CallRecord {
  /** Returns monotonic milliseconds. */
  nowMs(): number;
  /** Called when a call has ended. @param outcome `code`: that of the error; 0 for success. */
  onCall?(
    command: Command,
    outcome: { readonly code: number; readonly seconds: number },
  ): void;
}

/** Runs a call and records it. Throws what `body` throws. */
export async function recorded(
  command: Command | undefined,
  { nowMs, onCall }: CallRecord,
  body: () => Promise<void>,
): Promise<void> {
  const startMs = nowMs();
  let code = 0;
  try {
    await body();
  } catch (error) {
    code = toCniError(error).code;
    throw error;
  } finally {
    if (command !== undefined) {
      onCall?.(command, { code, seconds: (nowMs() - startMs) / 1000 });
    }
  }
}
