/** The socket on which the daemon serves calls, for as long as it runs. @module */

import type { EventLoop } from "../../linux/event_loop.ts";
import { listenUnix, type UnixListener } from "../../linux/unix_listener.ts";
import { UnixServer, type UnixServerOptions } from "../../linux/unix_server.ts";

/** Serves calls; listens again if the socket file is removed. */
export class DaemonSocket implements Disposable {
  readonly #loop: EventLoop;
  readonly #options: UnixServerOptions;
  #listener: UnixListener;
  #open: DisposableStack;

  /** @param listener Belongs to the socket from now on. */
  constructor(
    loop: EventLoop,
    listener: UnixListener,
    options: UnixServerOptions,
  ) {
    this.#loop = loop;
    this.#options = options;
    this.#listener = listener;
    this.#open = this.#serve(listener);
  }

  /** The path by which callers reach it; empty if it is not known. */
  get path(): string {
    return this.#listener.path ?? "";
  }

  /**
   * Listens again if callers cannot reach the socket by its path any more.
   *
   * @returns Whether that was so.
   * @throws {SystemError} if the system refuses, or another process listens there.
   */
  restore(): boolean {
    const earlier = this.#open;
    const { isOwner, isReachable, path } = this.#listener;
    if (earlier.disposed || path === undefined || isReachable) return false;
    const listener = listenUnix(path);
    this.#listener = listener;
    this.#open = this.#serve(listener);
    // The socket of a service manager may be reachable from another mount namespace.
    if (isOwner) earlier.dispose();
    else this.#open.use(earlier);
    return true;
  }

  /** Stops accepting connections; open ones stay open. */
  [Symbol.dispose](): void {
    this.#open.dispose();
  }

  #serve(listener: UnixListener): DisposableStack {
    using stack = new DisposableStack();
    stack.use(listener);
    stack.use(new UnixServer(this.#loop, listener, this.#options));
    return stack.move();
  }
}
