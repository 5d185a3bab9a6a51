/** Accepts connections on a Unix socket. @module */

import { Descriptor } from "./descriptor.ts";
import { checked, isErrno } from "./errno.ts";
import { EPOLL, type EventLoop, type Watch } from "./event_loop.ts";
import { libc } from "./libc.ts";
import { nonBlocking, SOCK_FLAGS } from "./socket.ts";
import { UnixConnection } from "./unix_connection.ts";
import type { UnixListener } from "./unix_listener.ts";

/** How many connections are accepted before other descriptors get their turn. */
const ACCEPTS_PER_TURN = 32;
/** How long no connection is accepted after the process runs out of descriptors or memory. */
const PAUSE_MS = 100;

/** How a server treats connections. */
export interface UnixServerOptions {
  /** Length of the longest line that is read, in bytes. */
  readonly maxLineBytes: number;
  /** Receives each connection, and owns it. */
  readonly onConnection: (connection: UnixConnection) => void;
}

/**
 * Accepts connections until it is disposed of. Open connections and the listener stay open then.
 */
export class UnixServer implements Disposable {
  readonly #loop: EventLoop;
  readonly #listener: UnixListener;
  readonly #options: UnixServerOptions;
  readonly #watch: Watch;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(
    loop: EventLoop,
    listener: UnixListener,
    options: UnixServerOptions,
  ) {
    this.#loop = loop;
    this.#listener = listener;
    this.#options = options;
    this.#watch = loop.watch(
      listener.descriptor,
      EPOLL.IN,
      () => this.#acceptSome(),
    );
  }

  /** Stops accepting. */
  [Symbol.dispose](): void {
    clearTimeout(this.#pause);
    this.#watch[Symbol.dispose]();
  }

  #acceptSome(): void {
    try {
      for (let count = 0; count < ACCEPTS_PER_TURN; count++) {
        const descriptor = this.#accept();
        if (descriptor === undefined) return;
        this.#loop.guard(() => this.#open(descriptor));
      }
    } catch (error) {
      // The connection is still queued: without a pause this would be called again at once,
      // endlessly.
      this.#watch.modify(0);
      this.#pause = setTimeout(() => this.#watch.modify(EPOLL.IN), PAUSE_MS);
      throw error;
    }
  }

  /** Accepts one connection; undefined if none is queued. */
  #accept(): Descriptor | undefined {
    const { fd } = this.#listener.descriptor;
    for (;;) {
      try {
        const accepted = nonBlocking(() =>
          checked(libc().accept4(fd, null, null, SOCK_FLAGS), "accept4")
        );
        return accepted === undefined ? undefined : new Descriptor(accepted);
      } catch (error) {
        // The peer closed the connection before it was accepted.
        if (!isErrno(error, "ECONNABORTED")) throw error;
      }
    }
  }

  #open(descriptor: Descriptor): void {
    const { maxLineBytes, onConnection } = this.#options;
    const connection = new UnixConnection(this.#loop, descriptor, maxLineBytes);
    try {
      onConnection(connection);
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }
}
