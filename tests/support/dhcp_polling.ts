/** Looking at the outside world until it is as expected, with an end. @module */

const PAUSE_MS = 20;

/** Looks until `look` is true. @throws {Error} if it still is not after `limitMs`. */
export async function poll(
  what: string,
  look: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!await look()) {
    if (performance.now() > endMs) throw new Error(`No ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
