/**
 * Messages to the service manager that started this process, such as systemd, without the C
 * library.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import { attempt, reasonOf, removeFile } from "../../sys/files.ts";
import {
  readServiceVariables,
  type ServiceEnv,
  type ServiceState,
} from "../../sys/service_variables.ts";

/** The service manager; it might be none, and is then sent nothing. */
export class ServiceManager implements Disposable {
  /** How often it expects `WATCHDOG=1`, in milliseconds; undefined if it expects none. */
  readonly watchdogMs: number | undefined;
  readonly #socketName: string;
  readonly #ownPath: string;
  #socket: Deno.DatagramConn | undefined;

  /**
   * Removes the variables from the environment.
   *
   * @param ownPath A path at which the socket that sends is bound for a moment, as the runtime
   *   requires.
   */
  constructor(
    env: ServiceEnv,
    { pid, ownPath }: { readonly pid: number; readonly ownPath: string },
  ) {
    const { socketName, watchdogMs } = readServiceVariables(env, pid);
    this.#socketName = socketName;
    this.watchdogMs = watchdogMs;
    this.#ownPath = ownPath;
  }

  /** Sends a state. @throws {SystemError} if the system refuses. */
  async notify(state: ServiceState): Promise<void> {
    const path = this.#socketName;
    if (path === "") return;
    // The runtime can neither name an abstract socket nor send to one.
    if (!path.startsWith("/")) {
      throw new SystemError(`notify ${path}: not the path of a Unix socket`);
    }
    this.#socket ??= openDatagramSocket(this.#ownPath);
    try {
      await this.#socket.send(new TextEncoder().encode(state), {
        transport: "unixpacket",
        path,
      });
    } catch (error) {
      throw new SystemError(`sendto ${path}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }

  [Symbol.dispose](): void {
    this.#socket?.close();
  }
}

function openDatagramSocket(path: string): Deno.DatagramConn {
  // Left behind by a process that was killed.
  removeFile(path);
  const socket = attempt(
    "bind",
    path,
    () => Deno.listenDatagram({ transport: "unixpacket", path }),
  );
  removeFile(path);
  return socket;
}
