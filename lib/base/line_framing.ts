/**
 * Messages as lines: UTF-8 text with a line feed at its end, as plugin and daemon exchange them.
 * Pure.
 *
 * @module
 */

import { DecodeError, TooLongError } from "./errors.ts";

const LINE_FEED = 0x0a;
const FIRST_CAPACITY = 4096;

const DECODER = new TextDecoder("utf-8", { fatal: true });

/** Encodes one line. @throws {RangeError} if `text` contains a line feed. */
export function encodeLine(text: string): Uint8Array {
  if (text.includes("\n")) {
    throw new RangeError("Cannot encode a line that contains a line feed");
  }
  return new TextEncoder().encode(`${text}\n`);
}

/** Assembles lines from pieces of any size. */
export class LineDecoder {
  readonly #maxBytes: number;
  #buffer = new Uint8Array(0);
  /** How many bytes of the buffer are in use. */
  #length = 0;
  /** How many of them were searched: the first line feed is at this index or after it. */
  #searched = 0;

  /** @param maxBytes Length of the longest line, without its line feed. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a line has begun and not ended yet. */
  get isInside(): boolean {
    return this.#length > 0 && this.#end() === undefined;
  }

  /** Whether `next` needs more bytes before it returns a line or throws. */
  get needsMore(): boolean {
    return this.#end() === undefined && this.#length <= this.#maxBytes;
  }

  /** The first byte of the buffer; undefined if it is empty. */
  get firstByte(): number | undefined {
    return this.#length === 0 ? undefined : this.#buffer[0];
  }

  /** Appends a copy of the next piece. */
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
   * Removes the next line from the buffer and returns it, without its line feed.
   *
   * @returns Undefined if the line is not complete yet.
   * @throws {TooLongError} as soon as it is known that the line is too long.
   * @throws {DecodeError} if the line is not UTF-8.
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
    this.#searched = 0;
    try {
      return DECODER.decode(line);
    } catch (cause) {
      throw new DecodeError("Cannot read a line: not UTF-8", "0", { cause });
    }
  }

  /** Removes all bytes from the buffer and returns them; undefined if there are none. */
  takeAll(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const bytes = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    this.#searched = 0;
    return bytes;
  }

  #end(): number | undefined {
    const index = this.#buffer.indexOf(LINE_FEED, this.#searched);
    if (index >= 0 && index < this.#length) {
      this.#searched = index;
      return index;
    }
    this.#searched = this.#length;
    return undefined;
  }
}

/**
 * Returns a function that receives the pieces of an answer, and returns its line once it is
 * complete. It throws what {@link LineDecoder.next} throws.
 */
export function lineTaker(
  maxLineBytes: number,
): (piece: Uint8Array) => string | undefined {
  const decoder = new LineDecoder(maxLineBytes);
  return (piece) => {
    decoder.push(piece);
    return decoder.next();
  };
}
