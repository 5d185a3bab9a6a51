/** Limits on how long to wait. @module */

/**
 * The longest delay of `setTimeout` in milliseconds, about 24 days. A timer with a longer delay
 * fires at once.
 */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves when `work` is settled, or after `timeoutMs`. Rejects if `work` rejects first. */
export async function withTimeout(
  work: Promise<unknown>,
  timeoutMs: number,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
