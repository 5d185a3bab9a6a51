/** The end of a demonstration. @module */

import { print, warn } from "../terminal.ts";

/** Runs `body`, prints whether everything was as expected, and sets the exit status to 1 if not. */
export async function demonstrate(body: () => Promise<void>): Promise<void> {
  try {
    await body();
    print("\nEverything was as expected.");
  } catch (error) {
    warn(
      `\nNot as expected: ${error instanceof Error ? error.message : error}`,
    );
    Deno.exitCode = 1;
  }
}
