/** Messages to the service manager that started this process, such as systemd. @module */

import { SystemError } from "../base/errors.ts";
import {
  readServiceVariables,
  type ServiceEnv,
  type ServiceState,
} from "../sys/service_variables.ts";
import { openSocket, sendTo, SOCK } from "./socket.ts";
import { AF, unixAddress } from "./socket_address.ts";

/** The service manager; it might be none, and is then sent nothing. */
export class ServiceManager {
  /**
   * How often it expects `WATCHDOG=1`, in milliseconds; undefined if it expects none. It restarts
   * a service that misses it.
   */
  readonly watchdogMs: number | undefined;
  readonly #socketName: string;

  /** Removes the variables from the environment. */
  constructor(env: ServiceEnv, pid: number) {
    const { socketName, watchdogMs } = readServiceVariables(env, pid);
    this.#socketName = socketName;
    this.watchdogMs = watchdogMs;
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
