/** Property tests that give the same answer at each run and never take long to fail. @module */

import fc from "fast-check";

const SEED = 2131;
const MAX_MS = 20_000;

/** Checks a property for `numRuns` inputs of a fixed seed; a failure shows the smallest input found in 20 s. */
export function checkProperty<Ts>(
  property: fc.IProperty<Ts>,
  numRuns = 200,
): void {
  fc.assert(property, {
    seed: SEED,
    numRuns,
    interruptAfterTimeLimit: MAX_MS,
    markInterruptAsFailure: true,
  });
}
