/** Signals that ask the process to stop. @module */

/**
 * Resolves with the name of the first SIGTERM or SIGINT. From this call on, these signals no longer
 * end the process by themselves.
 */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
  });
}
