/**
 * A connection between plugin and daemon inside the daemon's process, with the bytes of one on the
 * socket.
 *
 * @module
 */

import { BufferedInput } from "../../base/buffered_input.ts";
import { SystemError } from "../../base/errors.ts";
import { encodeLine, lineTaker } from "../../base/line_framing.ts";
import type { Timer } from "../../base/timer.ts";
import type { CallerCredentials } from "../daemon/caller_credentials.ts";
import type { CallerConnection } from "../daemon/server.ts";
import type { DaemonConnection } from "../plugin/ports.ts";
import {
  MAX_REQUEST_BYTES,
  MAX_RESPONSE_BYTES,
} from "../protocol/daemon_protocol.ts";

/** The clock that limits calls. */
export interface Clock {
  /** Returns monotonic milliseconds. */
  nowMs(): number;
  timer(callback: () => void): Timer;
}

/** The process that calls. */
export interface Peer extends CallerCredentials {
  /** Aborted when it disconnects. */
  readonly hungUp: AbortSignal;
}

/** The plugin's end. The daemon's is {@link MemoryConnection.caller}. */
export class MemoryConnection implements DaemonConnection {
  /** What the plugin has sent. */
  readonly #requests = new BufferedInput(MAX_REQUEST_BYTES);
  /** What the daemon has sent. */
  readonly #responses = new BufferedInput(MAX_RESPONSE_BYTES);
  readonly #closed = new AbortController();
  readonly #path: string;
  readonly #clock: Clock;
  /** The daemon's end. */
  readonly caller: CallerConnection;

  /** @param path The path of the socket that the plugin would connect to, for error messages. */
  constructor(path: string, peer: Peer, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
    this.caller = this.#daemonEnd(peer);
  }

  /** As {@link DaemonConnection.call}. */
  async call(
    line: string,
    { timeoutMs, maxLineBytes }: {
      readonly timeoutMs: number;
      readonly maxLineBytes: number;
    },
  ): Promise<string> {
    const take = lineTaker(maxLineBytes);
    return await this.exchange(encodeLine(line), { timeoutMs, take });
  }

  /** As {@link DaemonConnection.exchange}. */
  async exchange<T>(
    bytes: Uint8Array,
    { timeoutMs, take }: {
      readonly timeoutMs: number;
      readonly take: (piece: Uint8Array) => T | undefined;
    },
  ): Promise<T> {
    const clock = this.#clock;
    let isLate = false;
    using limit = clock.timer(() => {
      isLate = true;
      this[Symbol.dispose]();
    });
    limit.set(clock.nowMs() + timeoutMs);
    this.#requests.push(bytes);
    for (;;) {
      const piece = await this.#responses.readBytes();
      if (isLate) throw this.#error(`no answer within ${timeoutMs / 1000} s`);
      if (piece === undefined) {
        throw this.#error("the daemon closed the connection");
      }
      const answer = take(piece);
      if (answer !== undefined) return answer;
    }
  }

  /** Closes the connection. The daemon cancels a call that it is still serving. */
  [Symbol.dispose](): void {
    this.#closed.abort();
    this.#requests.end();
    this.#responses.end();
  }

  /**
   * The daemon's reads have no time-outs. The plugin's code sends its request at once, and its
   * confirmation depends on the launcher, for which there are deadlines: when one ends, the plugin
   * disconnects. Silence is never a confirmation here.
   */
  #daemonEnd({ pid, uid, hungUp }: Peer): CallerConnection {
    const write = (bytes: Uint8Array): Promise<boolean> => {
      const isOpen = !this.#closed.signal.aborted && !hungUp.aborted;
      if (isOpen) this.#responses.push(bytes);
      return Promise.resolve(isOpen);
    };
    return {
      peer: { pid, uid },
      hungUp: AbortSignal.any([hungUp, this.#closed.signal]),
      peekByte: () => this.#requests.peekByte(),
      readLine: () => this.#requests.readLine(),
      readBytes: () => this.#requests.readBytes(),
      writeBytes: write,
      writeLine: (text) => write(encodeLine(text)),
      flushed: () => Promise.resolve(true),
      [Symbol.dispose]: () => {
        this.#requests.end();
        this.#responses.end();
      },
    };
  }

  #error(reason: string): SystemError {
    return new SystemError(`unix ${this.#path}: ${reason}`);
  }
}
