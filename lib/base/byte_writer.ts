/** A growing buffer of bytes to send, in network byte order. Pure. @module */

const INITIAL_CAPACITY = 512;

/**
 * Appends big-endian fields one after the other.
 *
 * A number that does not fit its field is a bug, so it throws a RangeError instead of being
 * truncated.
 */
export class ByteWriter {
  #buffer = new Uint8Array(INITIAL_CAPACITY);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  /** Number of bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Appends an unsigned 8-bit number. */
  u8(value: number): this {
    checkRange(value, 0, 0xff);
    const start = this.#grow(1);
    this.#view.setUint8(start, value);
    return this;
  }

  /** Appends an unsigned 16-bit number. */
  u16(value: number): this {
    checkRange(value, 0, 0xffff);
    const start = this.#grow(2);
    this.#view.setUint16(start, value);
    return this;
  }

  /** Appends an unsigned 32-bit number. */
  u32(value: number): this {
    checkRange(value, 0, 0xffffffff);
    const start = this.#grow(4);
    this.#view.setUint32(start, value);
    return this;
  }

  /** Appends a signed 32-bit number in two's complement. */
  i32(value: number): this {
    checkRange(value, -0x80000000, 0x7fffffff);
    const start = this.#grow(4);
    this.#view.setInt32(start, value);
    return this;
  }

  /** Appends a copy of `bytes`. */
  bytes(bytes: Uint8Array): this {
    const start = this.#grow(bytes.length);
    this.#buffer.set(bytes, start);
    return this;
  }

  /** Appends `bytes` and zeros up to `width` bytes. @throws {RangeError} if `bytes` is longer. */
  padded(bytes: Uint8Array, width: number): this {
    checkRange(bytes.length, 0, width);
    return this.bytes(bytes).zeros(width - bytes.length);
  }

  /** Appends `count` zero bytes. */
  zeros(count: number): this {
    this.#grow(count);
    return this;
  }

  /** Returns a copy of the bytes written. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  #grow(count: number): number {
    const start = this.#length;
    const needed = start + count;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.#buffer);
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = needed;
    return start;
  }
}

function checkRange(value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(
    `Cannot encode ${value}: expected an integer from ${min} to ${max}`,
  );
}
