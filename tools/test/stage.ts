/** One step of the test run: what it prints, how long it took, what it adds to the sum. @module */

import { print } from "../terminal.ts";
import { type Counts, countsOf, NONE } from "./summary.ts";

/** A stage that takes longer is ended and counts as failed. */
const LIMIT_MS = 15 * 60_000;

/** Runs a stage under a heading and prints its duration. A stage that throws is one failure. */
export async function stage(
  title: string,
  run: () => Promise<Counts>,
): Promise<Counts> {
  print(`\n== ${title}`);
  const startMs = performance.now();
  let counts: Counts;
  try {
    counts = await run();
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    counts = { ...NONE, failed: 1 };
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  print(`== ${title}: ${counts.failed === 0 ? "ok" : "FAILED"} (${seconds} s)`);
  return counts;
}

/** Runs `deno ARGS`, which is no test run: nothing is counted unless it fails. */
export async function denoCommand(args: readonly string[]): Promise<Counts> {
  const { success } = await deno(args);
  return success ? NONE : { ...NONE, failed: 1 };
}

/** Runs `deno ARGS`, which is a test run, and counts. */
export async function denoTest(args: readonly string[]): Promise<Counts> {
  const { success, output } = await deno(args);
  return countsOf(output, success);
}

/** Runs the Deno in use, showing its output while it comes and keeping its stdout. */
async function deno(
  args: readonly string[],
): Promise<{ success: boolean; output: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(LIMIT_MS),
  }).spawn();
  const [shown, kept] = child.stdout.tee();
  const [output] = await Promise.all([
    new Response(kept).text(),
    shown.pipeTo(Deno.stdout.writable, { preventClose: true }),
  ]);
  const { success } = await child.status;
  return { success, output };
}
