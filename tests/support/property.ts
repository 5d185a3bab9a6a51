/** Reproducible property tests with a time limit. @module */

import fc from "fast-check";

const SEED = 2131;
/**
 * Ends a property that hangs, or a search for a smaller failing input; long enough for a busy
 * machine.
 */
const MAX_MS = 300_000;

/**
 * Checks a property with `numRuns` inputs of a fixed seed; a failure shows the smallest input
 * found.
 */
export function checkProperty<Ts>(
  property: fc.IProperty<Ts>,
  numRuns = 200,
): void {
  fc.assert(property, parameters(numRuns));
}

/** The same for a property that is asynchronous. */
export async function checkAsyncProperty<Ts>(
  property: fc.IAsyncProperty<Ts>,
  numRuns: number,
): Promise<void> {
  await fc.assert(property, parameters(numRuns));
}

function parameters<Ts>(numRuns: number): fc.Parameters<Ts> {
  return {
    seed: SEED,
    numRuns,
    interruptAfterTimeLimit: MAX_MS,
    markInterruptAsFailure: true,
  };
}
