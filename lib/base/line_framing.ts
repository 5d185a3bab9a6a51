/** Messages as lines: UTF-8 text that ends in a line feed, as on the socket between plugin and daemon. Pure. @module */

import { DecodeError, TooLongError } from "./errors.ts";

const LINE_FEED = 0x0a;
const FIRST_CAPACITY = 4096;

/** The bytes of one line. @throws {RangeError} if `text` holds a line feed. */
export function encodeLine(text: string): Uint8Array {
  if (text.includes("\n")) throw new RangeError("Cannot send a line feed");
  return new TextEncoder().encode(`${text}\n`);
}

/** Puts lines together from pieces of any size. */
export class LineDecoder {
  readonly #maxBytes: number;
  #buffer = new Uint8Array(0);
  /** Bytes that are in use, and how many of them were looked at: they hold no line feed but the one found. */
  #length = 0;
  #seen = 0;

  /** @param maxBytes Longest line, its line feed not counted. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a line is begun and not ended. */
  get isInside(): boolean {
    return this.#length > 0 && this.#end() === undefined;
  }

  /** Whether more is needed before `next` gives a line or throws. */
  get needsMore(): boolean {
    return this.#end() === undefined && this.#length <= this.#maxBytes;
  }

  /** Takes a copy of the next piece. */
  push(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(
        Math.max(needed, this.#buffer.length * 2, FIRST_CAPACITY),
      );
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = needed;
  }

  /**
   * Takes the next line out, without its line feed.
   *
   * @returns Undefined if it is not whole yet.
   * @throws {TooLongError} as soon as it is known to be longer than allowed.
   * @throws {DecodeError} if it is not UTF-8.
   */
  next(): string | undefined {
    const end = this.#end();
    if ((end ?? this.#length) > this.#maxBytes) {
      throw new TooLongError(
        `Cannot read a line of more than ${this.#maxBytes} bytes`,
        String(this.#maxBytes),
      );
    }
    if (end === undefined) return undefined;
    const line = this.#buffer.slice(0, end);
    this.#buffer.copyWithin(0, end + 1, this.#length);
    this.#length -= end + 1;
    this.#seen = 0;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(line);
    } catch (cause) {
      throw new DecodeError("Cannot read a line: not UTF-8", "0", { cause });
    }
  }

  /** Takes everything out that has come, of whatever lines; undefined if that is nothing. */
  takeAll(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const bytes = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    this.#seen = 0;
    return bytes;
  }

  #end(): number | undefined {
    const index = this.#buffer.indexOf(LINE_FEED, this.#seen);
    if (index >= 0 && index < this.#length) {
      this.#seen = index;
      return index;
    }
    this.#seen = this.#length;
    return undefined;
  }
}
