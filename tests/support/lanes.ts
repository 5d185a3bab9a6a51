/** Rows that spend their time waiting, several at once: each on a stage of its own. @module */

import { forEachParallel } from "./parallel.ts";
import { type Requirement, testWith } from "./requirements.ts";

/** How many rows run at once. */
const LANES = 4;
/** Only rows whose name matches; steps are not selected by `--filter`. */
const WANTED = new RegExp(Deno.env.get("DHCP_ROWS") ?? "");

/** Something that is to hold. */
export interface LaneRow {
  readonly name: string;
  run(): Promise<void>;
}

/** Registers one test, with a step for each row. */
export function testInLanes(
  requirements: readonly Requirement[],
  subject: string,
  rows: readonly LaneRow[],
): void {
  const wanted = rows.filter(({ name }) => WANTED.test(name));
  testWith(requirements, subject, async (context) => {
    let failures = 0;
    await forEachParallel(wanted, LANES, async ({ name, run }) => {
      const isGood = await context.step({
        name: `${subject}: ${name}`,
        fn: run,
        // Steps beside each other cannot be told apart by these; the test as a whole is.
        sanitizeOps: false,
        sanitizeResources: false,
        sanitizeExit: false,
      });
      if (!isGood) failures += 1;
    });
    if (failures > 0) throw new Error(`${failures} rows failed`);
  });
}
