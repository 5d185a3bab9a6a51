/** Accepting connections on a Unix socket. @module */

import { Descriptor } from "./descriptor.ts";
import { checked, isErrno } from "./errno.ts";
import { EPOLL, type EventLoop, type Watch } from "./event_loop.ts";
import { libc } from "./libc.ts";
import { SOCK_FLAGS, unlessItWaits } from "./socket.ts";
import { UnixConnection } from "./unix_connection.ts";
import type { UnixListener } from "./unix_listener.ts";

/** How many are accepted before others get their turn. */
const ACCEPTS_PER_TURN = 32;
/** How long no new connections are taken when the process is out of descriptors or memory. */
const PAUSE_MS = 100;

/** What to do with connections. */
export interface UnixServerOptions {
  /** Longest line that is read, in bytes. */
  readonly maxLineBytes: number;
  /** Owns the connection from then on. */
  readonly onConnection: (connection: UnixConnection) => void;
}

/** Accepts until it is disposed of. Connections that are open then stay open; the listener stays the caller's, too. */
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
      // Whoever knocked is still there: without a pause this would be called again at once, for ever.
      this.#watch.modify(0);
      this.#pause = setTimeout(() => this.#watch.modify(EPOLL.IN), PAUSE_MS);
      throw error;
    }
  }

  /** Undefined if nobody waits. */
  #accept(): Descriptor | undefined {
    const { fd } = this.#listener.descriptor;
    for (;;) {
      try {
        const accepted = unlessItWaits(() =>
          checked(libc().accept4(fd, null, null, SOCK_FLAGS), "accept4")
        );
        return accepted === undefined ? undefined : new Descriptor(accepted);
      } catch (error) {
        // That one has gone already.
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
