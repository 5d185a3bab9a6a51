/**
 * Listening on the socket that systemd, or another program with its protocol, passes.
 *
 * @module
 */

import type { Socket } from "node:net";
import { SystemError } from "../../base/errors.ts";
import { reasonOf } from "../../sys/files.ts";
import { LISTEN_FDS_START } from "../../sys/service_variables.ts";
import type { CallListener, OnConnection } from "./call_listener.ts";
import type { CallerStream } from "../../resident/launcher_connection.ts";

/**
 * Listens on the passed socket. Its file belongs to systemd, and is neither removed nor restored.
 *
 * @throws {SystemError} if it is not a listening socket, or the runtime cannot use it.
 */
export async function listenActivated(
  onConnection: OnConnection,
): Promise<CallListener> {
  // On demand, because it makes the process larger.
  const { createServer } = await import("node:net");
  const server = createServer(
    { allowHalfOpen: true },
    (socket) => onConnection(new SocketStream(socket)),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(refused(error)));
    server.listen({ fd: LISTEN_FDS_START }, resolve);
  });
  return {
    path: "",
    restore: () => false,
    [Symbol.dispose]: () => void server.close(),
  };
}

function refused(error: Error): SystemError {
  return new SystemError(`listen on descriptor 3: ${reasonOf(error)}`, {
    advice:
      `socket activation needs a runtime of Deno 2.9 or newer, this is ${Deno.version.deno}: ` +
      "disable the socket unit and start the service itself",
    cause: error,
  });
}

/** A connection of Node's API. */
class SocketStream implements CallerStream {
  readonly #socket: Socket;
  #isOver = false;
  /** Continues the reader, if one waits. */
  #notify = (): void => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    const end = (): void => {
      this.#isOver = true;
      this.#notify();
    };
    socket.on("readable", () => this.#notify());
    socket.on("end", end);
    socket.on("close", end);
    // `close` follows.
    socket.on("error", () => {});
  }

  async readBytes(): Promise<Uint8Array | undefined> {
    for (;;) {
      const bytes: Uint8Array | null = this.#socket.read();
      if (bytes !== null) return bytes;
      if (this.#isOver) return undefined;
      await new Promise<void>((resolve) => this.#notify = resolve);
    }
  }

  writeBytes(bytes: Uint8Array): Promise<boolean> {
    if (this.#socket.destroyed) return Promise.resolve(false);
    return new Promise((resolve) =>
      this.#socket.write(bytes, (error) => resolve(!error))
    );
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
