/** Accepts connections on a Unix socket. @module */

import { Descriptor } from "./descriptor.ts";
import { encodeLine } from "../base/line_framing.ts";
import { isErrno } from "./errno.ts";
import { EPOLL, type EventLoop, type Watch } from "./event_loop.ts";
import { libc } from "./libc.ts";
import { nonBlocking, sendTo, SOCK_FLAGS } from "./socket.ts";
import {
  type PeerCredentials,
  peerOf,
  UnixConnection,
} from "./unix_connection.ts";
import type { UnixListener } from "./unix_listener.ts";

/** How many connections are accepted before other descriptors get their turn. */
const ACCEPTS_PER_TURN = 64;
/** How long no connection is accepted after the process runs out of descriptors or memory. */
const PAUSE_MS = 100;

/** How a server treats connections. */
export interface UnixServerOptions {
  /** Length of the longest line that is read, in bytes. */
  readonly maxLineBytes: number;
  /**
   * Returns the line with which a process is refused; undefined accepts it. Refusing costs little:
   * any process that can reach the socket can connect without end.
   */
  readonly refuse?: (peer: PeerCredentials) => string | undefined;
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
        const accepted = nonBlocking(
          () => libc().accept4(fd, null, null, SOCK_FLAGS),
          "accept4",
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
    if (this.#refuses(descriptor)) return;
    const connection = new UnixConnection(this.#loop, descriptor, maxLineBytes);
    try {
      onConnection(connection);
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }

  /** Refuses a connection and closes it, unless it is accepted. @returns Whether it is refused. */
  #refuses(descriptor: Descriptor): boolean {
    const { refuse } = this.#options;
    if (refuse === undefined) return false;
    let isRefused = true;
    try {
      const line = refuse(peerOf(descriptor));
      isRefused = line !== undefined;
      if (line !== undefined) sendLine(descriptor, line);
    } finally {
      if (isRefused) descriptor[Symbol.dispose]();
    }
    return isRefused;
  }
}

/** Sends a line to a peer that might not read it. */
function sendLine(descriptor: Descriptor, line: string): void {
  try {
    const bytes = encodeLine(line);
    sendTo(descriptor, bytes, { address: null, subject: "line" });
  } catch (error) {
    // The peer has disconnected.
    if (!isErrno(error, "EPIPE", "ECONNRESET", "EAGAIN")) throw error;
  }
}
