/**
 * The service manager that started this process, such as systemd: messages about the state of the
 * service, and the watchdog (sd_notify(3), sd_watchdog_enabled(3)).
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";
import { openSocket, sendTo, SOCK } from "./socket.ts";
import { AF, unixAddress } from "./socket_address.ts";

const VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

/** A state that a service manager understands. */
export type ServiceState = "READY=1" | "STOPPING=1" | "WATCHDOG=1";

/** The service manager; it might be none, and is then sent nothing. */
export class ServiceManager {
  /**
   * How often it expects `WATCHDOG=1`, in milliseconds; undefined if it expects none. It restarts
   * a service that misses it.
   */
  readonly watchdogMs: number | undefined;
  readonly #socketName: string;

  /**
   * Removes the variables from the environment, so that no child process uses them.
   *
   * @param env The environment of the process: `Deno.env`.
   */
  constructor(env: Pick<typeof Deno.env, "get" | "delete">, pid: number) {
    const [socketName = "", periodUs = "", watchdogPid = ""] = VARIABLES.map(
      (name) => env.get(name),
    );
    for (const name of VARIABLES) env.delete(name);
    this.#socketName = socketName;
    const isForUs = watchdogPid === "" || watchdogPid === String(pid);
    this.watchdogMs =
      socketName !== "" && isForUs && /^[1-9]\d*$/.test(periodUs)
        ? Number(periodUs) / 1000
        : undefined;
  }

  /** Sends a state; does not wait. @throws {SystemError} if the system refuses. */
  notify(state: ServiceState): void {
    const name = this.#socketName;
    if (name === "") return;
    if (!/^[/@]/.test(name)) {
      throw new SystemError(`notify ${name}: not a Unix socket`);
    }
    const address = unixAddress(name);
    using socket = openSocket(AF.UNIX, SOCK.DGRAM);
    const bytes = new TextEncoder().encode(state);
    sendTo(socket, bytes, { address, subject: name });
  }
}
