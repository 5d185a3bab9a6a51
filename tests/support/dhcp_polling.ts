/** Looking at the outside world until it is as expected, with an end. @module */

const PAUSE_MS = 10;
/** Reached only if something fails; long enough for a busy machine. */
const LIMIT_MS = 60_000;

/**
 * Looks again and again until `look` finds something: other processes tell nobody when they are done.
 *
 * @throws {Error} after `limitMs`.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`No ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Looks until `look` is true. @throws {Error} if it still is not after `limitMs`. */
export async function poll(
  what: string,
  look: () => boolean | Promise<boolean>,
  limitMs = LIMIT_MS,
): Promise<void> {
  await eventually(what, async () => await look() || undefined, limitMs);
}
