/**
 * The messages that the resident process exchanges with the launcher of one call, with a
 * deadline for each. Pure but for the stream and the clock.
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";
import type { Log } from "../base/log_line.ts";
import type { Timer } from "../base/timer.ts";
import {
  encodeFrame,
  type Frame,
  type LauncherRequest,
  MAX_DOCUMENT_BYTES,
  RequestDecoder,
  SIGNAL,
} from "./launcher_protocol.ts";

/** How long a launcher may take to send its request, and then to say `go`: it does both at once. */
const REQUEST_TIMEOUT_MS = 5000;
/** How long it may take to print the document, and to read what it is sent. */
const PRINT_TIMEOUT_MS = 10_000;
/** The resolution of timeouts. */
const TICK_MS = 1000;
/** How many ticks there are between two beats. A launcher without one gives up after 10 s. */
const TICKS_PER_BEAT = 2;
/** The maximum length of a reason. UTF-8 has at most three bytes for each of these. */
const MAX_REASON_CHARACTERS = 340;

/** A connection of a launcher: one read and one write at a time. */
export interface CallerStream extends Disposable {
  /**
   * Reads the next bytes; they may change with the next call. Never rejects.
   *
   * @returns Undefined if the launcher has disconnected, or the stream is closed.
   */
  readBytes(): Promise<Uint8Array | undefined>;
  /**
   * Writes bytes. Never rejects.
   *
   * @returns False if the launcher has disconnected, or the stream is closed.
   */
  writeBytes(bytes: Uint8Array): Promise<boolean>;
}

/** What a connection needs. */
export interface ConnectionContext {
  /** The log of the resident process. */
  readonly log: Log;
  /** Returns monotonic milliseconds. */
  nowMs(): number;
  timer(callback: () => void): Timer;
}

/** Something that must end in time. */
interface Wait {
  readonly endMs: number;
  /** Called if it does not. */
  expire(): void;
}

/** A connection of a launcher. Disposing of it closes the stream. */
export class LauncherConnection implements Disposable {
  /** When the launcher has connected. */
  readonly sinceMs: number;
  readonly #stream: CallerStream;
  readonly #context: ConnectionContext;
  readonly #hungUp = new AbortController();
  /** Whether the last message is sent: then nothing follows it. */
  #isEnded = false;
  /** The end of the last write. */
  #written: Promise<boolean> = Promise.resolve(true);
  #writes = 0;
  /** Whether a write has failed: then nothing follows it. */
  #isBroken = false;
  /** One timer for all: setting one costs more than anything else that a call does in memory. */
  readonly #clock: Timer;
  #ticks = 0;
  #tickedMs: number;
  readonly #waits = new Set<Wait>();
  #isBeating = false;
  /** The signal that the launcher may send now; undefined if it must be silent. */
  #expected: keyof typeof SIGNAL | undefined;
  /** Whether the launcher sends the expected signal, while that is waited for. */
  #signal: Promise<boolean> | undefined;

  constructor(stream: CallerStream, context: ConnectionContext) {
    this.#stream = stream;
    this.#context = context;
    this.sinceMs = context.nowMs();
    this.#tickedMs = this.sinceMs;
    this.#clock = context.timer(() => this.#tick());
    this.#clock.set(this.sinceMs + TICK_MS);
  }

  get hungUp(): AbortSignal {
    return this.#hungUp.signal;
  }

  [Symbol.dispose](): void {
    this.#clock[Symbol.dispose]();
    this.#stream[Symbol.dispose]();
  }

  #tick(): void {
    this.#ticks++;
    this.#tickedMs = this.#context.nowMs();
    this.#clock.set(this.#tickedMs + TICK_MS);
    // While something is being written, the launcher hears of us anyway.
    if (
      this.#isBeating && this.#writes === 0 &&
      this.#ticks % TICKS_PER_BEAT === 0
    ) this.send({ kind: "beat" }).catch(() => {});
    for (const wait of this.#waits) {
      if (wait.endMs <= this.#ticks * TICK_MS) wait.expire();
    }
  }

  /**
   * How long the connection exists. Time in which this process is stopped (SIGSTOP, a suspended
   * machine) does not count, so that it reads first what has arrived meanwhile.
   */
  #ageMs(): number {
    const sinceTickMs = this.#context.nowMs() - this.#tickedMs;
    return this.#ticks * TICK_MS + Math.min(sinceTickMs, TICK_MS);
  }

  /**
   * @returns Undefined if the launcher has disconnected.
   * @throws {DecodeError} if it sends anything but a request.
   * @throws {SystemError} if that takes too long.
   */
  async readRequest(): Promise<LauncherRequest | undefined> {
    return await this.#inTime(
      REQUEST_TIMEOUT_MS,
      "request",
      this.#readRequest(),
    );
  }

  async #readRequest(): Promise<LauncherRequest | undefined> {
    const decoder = new RequestDecoder();
    for (;;) {
      const piece = await this.#stream.readBytes();
      if (piece === undefined) return undefined;
      const request = decoder.push(piece);
      if (request !== undefined) return request;
    }
  }

  /**
   * Waits for `go`.
   *
   * @returns Whether it came: false if the launcher has disconnected, or sent anything else.
   * @throws {SystemError} if that takes too long.
   */
  async expectGo(): Promise<boolean> {
    return await this.#expect("go", REQUEST_TIMEOUT_MS);
  }

  async #expect(
    signal: keyof typeof SIGNAL,
    timeoutMs: number,
  ): Promise<boolean> {
    this.#expected = signal;
    return await this.#inTime(timeoutMs, "confirmation", this.watch());
  }

  /** Notices in the background when the launcher disconnects, or sends anything unexpected. */
  watch(): Promise<boolean> {
    this.#signal ??= this.#stream.readBytes().then((bytes) => {
      this.#signal = undefined;
      const isExpected = this.#expected !== undefined && bytes?.length === 1 &&
        bytes[0] === SIGNAL[this.#expected];
      this.#expected = undefined;
      if (!isExpected) this.#hungUp.abort();
      return isExpected;
    });
    return this.#signal;
  }

  /**
   * Sends a message after those before it.
   *
   * @returns False if the launcher has disconnected.
   * @throws {SystemError} if it does not read it in time.
   */
  send(frame: Frame): Promise<boolean> {
    if (this.#isEnded) return Promise.resolve(false);
    this.#written = this.#write(encodeFrame(frame));
    return this.#written;
  }

  /** Writes after the writes before it, at once if there is none. */
  async #write(bytes: Uint8Array): Promise<boolean> {
    let isWritten = false;
    this.#writes++;
    try {
      if (this.#writes > 1) await this.#written.catch(() => {});
      if (this.#isBroken) return false;
      isWritten = await this.#inTime(
        PRINT_TIMEOUT_MS,
        "readiness to read",
        this.#stream.writeBytes(bytes),
      );
      return isWritten;
    } finally {
      this.#writes--;
      this.#isBroken = !isWritten;
    }
  }

  /** Tells the launcher to run the call itself. */
  async sendRefusal(reason: string): Promise<void> {
    const text = reason.slice(0, MAX_REASON_CHARACTERS);
    await this.send({ kind: "notMine", reason: text });
    this.#isEnded = true;
  }

  /** Tells the launcher that the call is over, once. */
  async sendEnd(exitStatus: number): Promise<void> {
    const sent = this.send({ kind: "end", exitStatus });
    this.#isEnded = true;
    await sent;
  }

  writeStderr(line: string): void {
    // If the launcher is gone or hangs, the line is lost; the next message notices.
    this.send({ kind: "stderr", text: `${line}\n` }).catch(() => {});
  }

  /**
   * Sends the document and waits until the launcher has printed it.
   *
   * A document that is too long is not sent: the connection is closed without a result, and the
   * launcher runs the standalone executable.
   *
   * @throws {SystemError} if it does not confirm that.
   */
  async sendDocument(
    document: Extract<Frame, { readonly kind: "document" }>,
  ): Promise<void> {
    if (isTooLong(document.text)) {
      this.#isEnded = true;
      throw new SystemError("write stdout: too long for the launcher");
    }
    if (await this.#isPrinted(document)) return;
    const reason = "write stdout: the launcher does not confirm the document";
    this.#context.log("warn", "request-failed", { reason });
    // The launcher may print the document yet. It has to know before anything is undone: if this
    // process were killed meanwhile, the document would count.
    await this.sendEnd(1).catch(() => {});
    throw new SystemError(reason);
  }

  async #isPrinted(document: Frame): Promise<boolean> {
    if (this.#hungUp.signal.aborted) return false;
    // The confirmation may be noticed before the end of the write.
    const sent = this.send(document);
    try {
      const printed = this.#expect("printed", PRINT_TIMEOUT_MS);
      return (await Promise.all([sent, printed])).every(Boolean);
    } catch (error) {
      if (error instanceof SystemError) return false;
      throw error;
    }
  }

  /** Sends beats from now on. */
  startBeats(): void {
    this.#isBeating = true;
  }

  /**
   * Waits for `work`, which continues after that.
   *
   * @throws {SystemError} if it takes too long, up to a tick more than `timeoutMs`.
   */
  async #inTime<T>(
    timeoutMs: number,
    what: string,
    work: Promise<T>,
  ): Promise<T> {
    const late = Promise.withResolvers<never>();
    const wait: Wait = {
      endMs: this.#ageMs() + timeoutMs,
      expire: () =>
        late.reject(
          new SystemError(`launcher: no ${what} within ${timeoutMs} ms`),
        ),
    };
    this.#waits.add(wait);
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      this.#waits.delete(wait);
    }
  }
}

function isTooLong(text: string): boolean {
  if (text.length * 3 <= MAX_DOCUMENT_BYTES) return false;
  return new TextEncoder().encode(text).length > MAX_DOCUMENT_BYTES;
}
