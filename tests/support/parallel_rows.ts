/** Table tests whose rows mostly wait, so that several run at a time. @module */

import { runInParallel } from "../../tools/parallel.ts";
import { type Requirement, skipped, testWith } from "./requirements.ts";

/** How many rows run at a time by default, in addition to those that wait for minutes. */
const WIDTH = 4;
/** Only rows whose name matches are registered; `--filter` does not select steps. */
const WANTED = new RegExp(Deno.env.get("DHCP_ROWS") ?? "");

/** One row. */
export interface ParallelRow {
  readonly name: string;
  /** Why it is skipped; undefined if it runs. */
  readonly reason?: string | undefined;
  /** It waits for minutes, so it starts at once. */
  readonly isLong?: boolean;
  run(): Promise<void>;
}

/**
 * Registers one test, with a step for each row named `<subject>: <row>`, and a skipped test for
 * each row that is skipped. `DHCP_ROWS` is matched with these names; if it matches none, the whole
 * test is skipped.
 */
export function testRowsInParallel(
  requirements: readonly Requirement[],
  subject: string,
  rows: readonly ParallelRow[],
  { width = WIDTH }: { readonly width?: number } = {},
): void {
  const wanted = rows.map((row) => ({
    ...row,
    name: `${subject}: ${row.name}`,
  })).filter(({ name }) => WANTED.test(name));
  if (wanted.length === 0 && rows.length > 0) {
    return skipped(subject, `DHCP_ROWS matches none of ${rows.length} rows`);
  }
  for (const { name, reason } of wanted) {
    if (reason !== undefined) skipped(name, reason);
  }
  const possible = wanted.filter(({ reason }) => reason === undefined);
  if (possible.length === 0) return;
  const short = possible.filter(({ isLong }) => isLong !== true);
  const long = possible.filter(({ isLong }) => isLong === true);
  testWith(requirements, subject, async (context) => {
    let failures = 0;
    const step = async ({ name, run }: ParallelRow): Promise<void> => {
      const hasPassed = await context.step({
        name,
        fn: run,
        // They cannot tell parallel steps apart; the test as a whole is checked.
        sanitizeOps: false,
        sanitizeResources: false,
        sanitizeExit: false,
      });
      if (!hasPassed) failures += 1;
    };
    await Promise.all([
      runInParallel(long, Math.max(long.length, 1), step),
      runInParallel(short, width, step),
    ]);
    if (failures > 0) throw new Error(`${failures} rows failed`);
  });
}
