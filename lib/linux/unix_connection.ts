/**
 * An accepted connection of a Unix socket: lines in both directions, the peer, and when it hangs
 * up.
 *
 * @module
 */

import { BufferedInput } from "../base/buffered_input.ts";
import { SystemError } from "../base/errors.ts";
import { encodeLine } from "../base/line_framing.ts";
import type { Descriptor } from "./descriptor.ts";
import { isErrno } from "./errno.ts";
import { EPOLL, type EventLoop, type Watch } from "./event_loop.ts";
import { libc, pinnedBytes } from "./libc.ts";
import { flushed } from "./output_queue.ts";
import { getOption, nonBlocking, sendSome, SOL_SOCKET } from "./socket.ts";

const SO_PEERCRED = 17;
const READ_BYTES = 0x10000;

/** The process that connected, as it was at that moment (SO_PEERCRED). */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
}

/** Shared by all connections: what is read is copied at once. */
let readBuffer: Uint8Array<ArrayBuffer> | undefined;

/**
 * An open connection. It allows one read and one write at a time; a time-out of `Infinity` is none.
 */
export class UnixConnection implements Disposable {
  readonly peer: PeerCredentials;
  readonly #descriptor: Descriptor;
  readonly #watch: Watch;
  readonly #input: BufferedInput;
  readonly #hungUp = new AbortController();
  #output: Uint8Array = new Uint8Array(0);
  #writer: PromiseWithResolvers<boolean> | undefined;

  /**
   * @param descriptor Owned by the connection from now on, even if the constructor throws.
   * @param maxLineBytes Length of the longest line that is read.
   */
  constructor(loop: EventLoop, descriptor: Descriptor, maxLineBytes: number) {
    this.#descriptor = descriptor;
    this.#input = new BufferedInput(maxLineBytes);
    try {
      this.peer = peerOf(descriptor);
      this.#watch = loop.watch(
        descriptor,
        EPOLL.IN,
        (events) => this.#ready(events),
      );
    } catch (error) {
      descriptor[Symbol.dispose]();
      throw error;
    }
  }

  /** Aborted when the peer closes the connection; not when it only stops sending. */
  get hungUp(): AbortSignal {
    return this.#hungUp.signal;
  }

  /**
   * Waits for the next byte and leaves it to the next reader.
   *
   * @returns Undefined if the connection ends first.
   * @throws {SystemError} if nothing is received within `timeoutMs`.
   */
  async peekByte(timeoutMs: number): Promise<number | undefined> {
    const byte = this.#input.peekByte();
    return await this.#inTime(byte, { what: "no line received", timeoutMs });
  }

  /**
   * Waits for the next line.
   *
   * @returns The line without its line feed; undefined if the connection ends before a line begins.
   * @throws {DecodeError} if the line is too long, truncated or not UTF-8.
   * @throws {SystemError} if no line is received within `timeoutMs`.
   */
  async readLine(timeoutMs: number): Promise<string | undefined> {
    const line = this.#input.readLine();
    return await this.#inTime(line, { what: "no line received", timeoutMs });
  }

  /**
   * Waits for the next bytes, any number of them: for protocols that do not use lines.
   *
   * @returns Undefined if the connection ends first.
   * @throws {SystemError} if nothing is received within `timeoutMs`.
   */
  async readBytes(timeoutMs: number): Promise<Uint8Array | undefined> {
    const bytes = this.#input.readBytes();
    return await this.#inTime(bytes, { what: "no data received", timeoutMs });
  }

  /**
   * Sends a line and waits until the kernel has taken all of it.
   *
   * @returns False if the peer has closed the connection.
   * @throws {SystemError} if that takes longer than `timeoutMs`.
   */
  async writeLine(text: string, timeoutMs: number): Promise<boolean> {
    return await this.writeBytes(encodeLine(text), timeoutMs);
  }

  /** Sends bytes, as {@link writeLine} sends a line. */
  async writeBytes(bytes: Uint8Array, timeoutMs: number): Promise<boolean> {
    if (this.#isClosed) return false;
    this.#output = bytes;
    this.#flush();
    if (this.#isClosed) return false;
    if (this.#output.length === 0) return true;
    const writer = Promise.withResolvers<boolean>();
    this.#writer = writer;
    using _limit = limit(
      timeoutMs,
      () => writer.reject(late("data not sent", timeoutMs)),
    );
    try {
      return await writer.promise;
    } finally {
      this.#writer = undefined;
    }
  }

  /**
   * Waits until the peer has read everything, or has closed the connection.
   *
   * @returns False if that takes longer than `timeoutMs`, or this side closes the connection first.
   */
  async flushed(timeoutMs: number): Promise<boolean> {
    return await flushed(this.#descriptor, timeoutMs);
  }

  /** Closes the connection. A pending read returns undefined and a pending write returns false. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#descriptor[Symbol.dispose]();
    this.#input.end();
    this.#writer?.resolve(false);
  }

  get #isClosed(): boolean {
    return this.#descriptor.isClosed || this.hungUp.aborted;
  }

  /** Limits the time of a read that has begun. */
  async #inTime<T>(
    reading: Promise<T>,
    { what, timeoutMs }: { readonly what: string; readonly timeoutMs: number },
  ): Promise<T> {
    this.#adjust();
    using _limit = limit(
      timeoutMs,
      () => this.#input.fail(late(what, timeoutMs)),
    );
    return await reading;
  }

  #ready(events: number): void {
    if ((events & EPOLL.OUT) !== 0) this.#flush();
    const isGone = (events & (EPOLL.HUP | EPOLL.ERR)) !== 0;
    // What the peer sent before it closed the connection is still read.
    while (this.#read() && isGone);
    if (isGone) this.#hangUp();
    else this.#adjust();
  }

  /** Watches only for what is needed: no input beyond a line, and no end that is known already. */
  #adjust(): void {
    if (this.#isClosed) return;
    const wantsOutput = this.#output.length > 0;
    this.#watch.modify(
      (this.#input.needsMore ? EPOLL.IN : 0) | (wantsOutput ? EPOLL.OUT : 0),
    );
  }

  /** Reads once. @returns Whether there was something to read. */
  #read(): boolean {
    if (this.#input.hasEnded) return false;
    readBuffer ??= pinnedBytes(READ_BYTES);
    const buffer = readBuffer;
    const { fd } = this.#descriptor;
    let length: number | undefined;
    try {
      length = nonBlocking(
        () => libc().read(fd, buffer, BigInt(buffer.length)),
        "read",
      );
    } catch (error) {
      if (!isErrno(error, "ECONNRESET")) throw error;
      length = 0;
    }
    if (length === undefined) return false;
    if (length === 0) this.#input.end();
    else this.#input.push(buffer.subarray(0, length));
    return length > 0;
  }

  #flush(): void {
    try {
      while (this.#output.length > 0) {
        const sent = sendSome(this.#descriptor, this.#output);
        if (sent === undefined) break;
        this.#output = this.#output.subarray(sent);
      }
    } catch (error) {
      if (!isErrno(error, "EPIPE", "ECONNRESET")) throw error;
      return this.#hangUp();
    }
    if (this.#output.length === 0) this.#writer?.resolve(true);
    this.#adjust();
  }

  #hangUp(): void {
    this.#input.end();
    // The HUP event would be ready in every turn of the loop.
    this.#watch[Symbol.dispose]();
    this.#writer?.resolve(false);
    this.#hungUp.abort();
  }
}

/** Calls back after `timeoutMs`, unless it is disposed of before. */
function limit(timeoutMs: number, onLate: () => void): Disposable {
  const timer = timeoutMs === Infinity
    ? undefined
    : setTimeout(onLate, timeoutMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function late(what: string, timeoutMs: number): SystemError {
  return new SystemError(`${what} within ${timeoutMs} ms`);
}

/**
 * Returns the process at the other end of a connected socket: the one that connected or listened.
 */
export function peerOf(descriptor: Descriptor): PeerCredentials {
  // struct ucred { pid_t pid; uid_t uid; gid_t gid; }
  const option = { level: SOL_SOCKET, name: SO_PEERCRED, size: 12 };
  const view = getOption(descriptor, option);
  return { pid: view.getInt32(0, true), uid: view.getUint32(4, true) };
}
