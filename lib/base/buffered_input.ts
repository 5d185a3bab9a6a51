/**
 * The input of a connection: pieces come in, and one reader at a time takes lines or bytes out.
 * Pure.
 *
 * @module
 */

import { DecodeError } from "./errors.ts";
import { LineDecoder } from "./line_framing.ts";

/** The reader that waits for input. */
interface Reader {
  /** Removes what the reader wants from the input; undefined if it is not there yet. */
  take(): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Buffers pieces of any size. A piece goes to the reader that waits or stays in the buffer: a
 * reader that already has its result never removes another piece.
 */
export class BufferedInput {
  readonly #decoder: LineDecoder;
  #reader: Reader | undefined;
  #hasEnded = false;

  /** @param maxLineBytes The length of the longest line, without its line feed. */
  constructor(maxLineBytes: number) {
    this.#decoder = new LineDecoder(maxLineBytes);
  }

  /** Whether the input has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether a reader needs more than the buffer has. */
  get needsMore(): boolean {
    return !this.#hasEnded && this.#decoder.needsMore;
  }

  /** Appends a copy of the next piece. */
  push(piece: Uint8Array): void {
    this.#decoder.push(piece);
    this.#serve();
  }

  /** Ends the input; what is in the buffer can still be read. */
  end(): void {
    this.#hasEnded = true;
    this.#serve();
  }

  /** Fails the reader that waits, if there is one. */
  fail(error: Error): void {
    this.#takeReader()?.reject(error);
  }

  /** Waits for the next byte and leaves it there. @returns Undefined if the input has ended. */
  peekByte(): Promise<number | undefined> {
    return this.#read(() => this.#decoder.firstByte);
  }

  /**
   * Reads the next line, without its line feed.
   *
   * @returns Undefined if the input has ended.
   * @throws {DecodeError} if the line is too long, truncated or not UTF-8.
   */
  readLine(): Promise<string | undefined> {
    return this.#read(() => this.#takeLine());
  }

  /** Reads the next bytes, at least one. @returns Undefined if the input has ended. */
  readBytes(): Promise<Uint8Array | undefined> {
    return this.#read(() => this.#decoder.takeAll());
  }

  #read<T>(take: () => T | undefined): Promise<T | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    this.#reader = {
      take,
      resolve: (value) => resolve(value as T | undefined),
      reject,
    };
    this.#serve();
    return promise;
  }

  #serve(): void {
    if (this.#reader === undefined) return;
    try {
      const found = this.#reader.take();
      if (found === undefined && !this.#hasEnded) return;
      this.#takeReader()?.resolve(found);
    } catch (error) {
      this.#takeReader()?.reject(error);
    }
  }

  #takeReader(): Reader | undefined {
    const reader = this.#reader;
    this.#reader = undefined;
    return reader;
  }

  #takeLine(): string | undefined {
    const line = this.#decoder.next();
    if (line === undefined && this.#hasEnded && this.#decoder.isInside) {
      throw new DecodeError("Cannot read a line: truncated", "0");
    }
    return line;
  }
}
