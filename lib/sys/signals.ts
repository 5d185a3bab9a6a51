/** The signals that a daemon handles. @module */

/** They stop the daemon. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;

/**
 * They make the daemon log its state. Their default action would end it without a word, although
 * none of them reports a fault of the process.
 */
const STATUS_SIGNALS = [
  ...["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF"],
  ...["SIGIO", "SIGPWR", "SIGSTKFLT", "SIGXCPU", "SIGXFSZ"],
] as const;

/**
 * Resolves with the name of the first stop signal. From now on these signals do not end the
 * process.
 */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
  });
}

/** Calls `listener` with the name of each other signal, which would end the process otherwise. */
export function onStatusSignal(listener: (signal: string) => void): void {
  for (const signal of STATUS_SIGNALS) {
    Deno.addSignalListener(signal, () => listener(signal));
  }
}
