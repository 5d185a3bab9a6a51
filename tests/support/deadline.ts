/** A time limit for tests of things that could hang. @module */

/** Runs `body` with a signal that is aborted after `seconds`, to end the processes that got it. */
export async function withDeadline<T>(
  seconds: number,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), seconds * 1000);
  try {
    return await body(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
