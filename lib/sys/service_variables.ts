/**
 * What a service manager, such as systemd, tells a process that it starts (sd_notify(3),
 * sd_watchdog_enabled(3), sd_listen_fds(3)).
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";

const VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;
const ACTIVATION_VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/** The first descriptor that a service manager passes. */
export const LISTEN_FDS_START = 3;

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

/**
 * Returns whether a listening socket is passed to process `pid`, and removes the variables that say
 * so from the environment, so that no child process uses them.
 *
 * @throws {SystemError} if more than one is passed, with upstream's text.
 */
export function isSocketPassed(env: ServiceEnv, pid: number): boolean {
  const isForUs = env.get("LISTEN_PID") === String(pid);
  const count = Number(env.get("LISTEN_FDS") ?? 0);
  for (const name of ACTIVATION_VARIABLES) env.delete(name);
  if (!isForUs || !(count > 0)) return false;
  if (count === 1) return true;
  throw new SystemError(
    `Too many (${count}) FDs passed through socket activation`,
    { advice: "the socket unit must have one ListenStream=" },
  );
}
