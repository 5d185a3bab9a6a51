/**
 * A cursor over received bytes: network byte order, every read checked against the bytes left.
 * Pure.
 *
 * @module
 */

import { viewOf } from "./bytes.ts";
import { DecodeError } from "./errors.ts";

/**
 * Reads big-endian fields one after the other.
 *
 * The constructor does not copy the bytes. `bytes` and `rest` return copies, which stay valid when
 * the caller reuses its receive buffer. Every reading method throws a {@link DecodeError} with the
 * name and offset of the field if it needs more bytes than are left.
 */
export class ByteReader {
  readonly #input: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  /** @param input Bytes to read, any number of them. */
  constructor(input: Uint8Array) {
    this.#input = input;
    this.#view = viewOf(input);
  }

  /** Number of bytes read so far, which is the offset of the next field. */
  get offset(): number {
    return this.#offset;
  }

  /** Number of bytes not read yet. */
  get remaining(): number {
    return this.#input.length - this.#offset;
  }

  /** Reads an unsigned 8-bit number. */
  u8(field: string): number {
    return this.#view.getUint8(this.#advance(1, field));
  }

  /** Reads an unsigned 16-bit number. */
  u16(field: string): number {
    return this.#view.getUint16(this.#advance(2, field));
  }

  /** Reads an unsigned 32-bit number. */
  u32(field: string): number {
    return this.#view.getUint32(this.#advance(4, field));
  }

  /** Reads a signed 32-bit number in two's complement. */
  i32(field: string): number {
    return this.#view.getInt32(this.#advance(4, field));
  }

  /** Reads `length` bytes into a new array. */
  bytes(length: number, field: string): Uint8Array {
    const start = this.#advance(length, field);
    return this.#input.slice(start, start + length);
  }

  /** Reads the bytes left into a new array. Never throws. */
  rest(): Uint8Array {
    return this.bytes(this.remaining, "rest");
  }

  /** Skips `length` bytes. */
  skip(length: number, field: string): void {
    this.#advance(length, field);
  }

  /** Checks that no bytes are left. @throws {DecodeError} if `field` is longer than expected. */
  expectEnd(field: string): void {
    if (this.remaining === 0) return;
    throw new DecodeError(
      `Cannot decode ${field}: ${this.remaining} bytes too many`,
      String(this.#offset),
    );
  }

  #advance(length: number, field: string): number {
    if (length > this.remaining) {
      throw new DecodeError(
        `Cannot decode ${field}: ${this.remaining} bytes left, expected ${length}`,
        String(this.#offset),
      );
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
