/**
 * What a service manager, such as systemd, tells a process that it starts (sd_notify(3),
 * sd_watchdog_enabled(3)).
 *
 * @module
 */

const VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

/** The environment of the process: `Deno.env`. */
export type ServiceEnv = Pick<typeof Deno.env, "get" | "delete">;

/** A state that a service manager understands. */
export type ServiceState = "READY=1" | "STOPPING=1" | "WATCHDOG=1";

/** What a service manager expects. */
interface ServiceVariables {
  /** Where it receives messages: a path, or `@` and an abstract name; empty if it wants none. */
  readonly socketName: string;
  /**
   * How often it expects `WATCHDOG=1`, in milliseconds; undefined if it expects none. It restarts
   * a service that misses it.
   */
  readonly watchdogMs: number | undefined;
}

/** Reads the variables and removes them from the environment: no child process must use them. */
export function readServiceVariables(
  env: ServiceEnv,
  pid: number,
): ServiceVariables {
  const [socketName = "", periodUs = "", watchdogPid = ""] = VARIABLES.map(
    (name) => env.get(name),
  );
  for (const name of VARIABLES) env.delete(name);
  const isForUs = watchdogPid === "" || watchdogPid === String(pid);
  return {
    socketName,
    watchdogMs: socketName !== "" && isForUs && /^[1-9]\d*$/.test(periodUs)
      ? Number(periodUs) / 1000
      : undefined,
  };
}
