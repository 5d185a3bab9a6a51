/** Work in steps, between which the event loop can do other work. @module */

/** How long other work waits at most. */
const MAX_TURN_MS = 20;

/** Takes all steps at once. */
export function takeSteps<T>(steps: Iterator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Takes all steps, and lets the event loop run in between. */
export async function takeStepsInTurns<T>(
  steps: Iterator<unknown, T>,
): Promise<T> {
  for (let sinceMs = performance.now();;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() - sinceMs < MAX_TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    sinceMs = performance.now();
  }
}
