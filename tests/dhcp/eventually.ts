/** Waiting for the outside world, with an end. @module */

const PAUSE_MS = 10;

/**
 * Looks again and again until `look` finds something.
 *
 * @throws {Error} after `limitMs`.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  limitMs = 15_000,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`No ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
