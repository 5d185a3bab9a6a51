/** Waiting for what other processes do, with a time limit. @module */

const INTERVAL_MS = 10;
/** Reached only if something fails; long enough for a busy machine. */
const TIMEOUT_MS = 60_000;

/**
 * Calls `find` until it returns something: other processes do not say when they are done.
 *
 * @param what Names the thing in the error.
 * @returns What `find` returned.
 * @throws {Error} if there is nothing after `timeoutMs`.
 */
export async function waitFor<T>(
  what: string,
  find: () => T | undefined | Promise<T | undefined>,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (performance.now() > endMs) {
      throw new Error(`No ${what} within ${timeoutMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

/** Calls `isTrue` until it is. @throws {Error} if it is not after `timeoutMs`. */
export async function waitUntil(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs?: number,
): Promise<void> {
  await waitFor(what, async () => await isTrue() || undefined, timeoutMs);
}
