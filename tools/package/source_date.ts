/** The time in reproducible packages. @module */

import { capture } from "../process.ts";
import { REPOSITORY } from "../repository.ts";

/** Returns SOURCE_DATE_EPOCH, or the time of the last commit, in seconds since the epoch. */
export async function sourceDateSeconds(): Promise<number> {
  const text = Deno.env.get("SOURCE_DATE_EPOCH") ??
    await capture(["git", "log", "-1", "--format=%ct"], { cwd: REPOSITORY });
  const seconds = Number(text.trim());
  if (!Number.isInteger(seconds) || seconds <= 0) {
    throw new Error(`SOURCE_DATE_EPOCH is not a time: "${text.trim()}"`);
  }
  return seconds;
}
