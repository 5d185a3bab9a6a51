/** Rows that spend their time waiting, several at once: each on a stage of its own. @module */

import { forEachParallel } from "./parallel.ts";
import { type Requirement, skipped, testWith } from "./requirements.ts";

/** How many rows run at once unless told otherwise, besides those that wait for minutes. */
const LANES = 4;
/** Only rows whose name matches; steps are not selected by `--filter`. */
const WANTED = new RegExp(Deno.env.get("DHCP_ROWS") ?? "");

/** Something that is to hold. */
export interface LaneRow {
  readonly name: string;
  /** Why it is not run; undefined if it is. */
  readonly reason?: string | undefined;
  /** It waits for minutes, in a lane of its own. */
  readonly isLong?: boolean;
  run(): Promise<void>;
}

/**
 * Registers one test, with a step for each row named `<subject>: <row>`, and a skipped test for each row that is not run.
 * `DHCP_ROWS` is matched with these names.
 */
export function testInLanes(
  requirements: readonly Requirement[],
  subject: string,
  rows: readonly LaneRow[],
  { lanes = LANES }: { readonly lanes?: number } = {},
): void {
  const wanted = rows.map((row) => ({
    ...row,
    name: `${subject}: ${row.name}`,
  })).filter(({ name }) => WANTED.test(name));
  for (const { name, reason } of wanted) {
    if (reason !== undefined) skipped(name, reason);
  }
  const possible = wanted.filter(({ reason }) => reason === undefined);
  const short = possible.filter(({ isLong }) => isLong !== true);
  const long = possible.filter(({ isLong }) => isLong === true);
  testWith(requirements, subject, async (context) => {
    let failures = 0;
    const step = async ({ name, run }: LaneRow): Promise<void> => {
      const isGood = await context.step({
        name,
        fn: run,
        // Steps beside each other cannot be told apart by these; the test as a whole is.
        sanitizeOps: false,
        sanitizeResources: false,
        sanitizeExit: false,
      });
      if (!isGood) failures += 1;
    };
    await Promise.all([
      forEachParallel(long, Math.max(long.length, 1), step),
      forEachParallel(short, lanes, step),
    ]);
    if (failures > 0) throw new Error(`${failures} rows failed`);
  });
}
