/** Builds bytes to send: network byte order, growing as needed. Pure. @module */

const INITIAL_CAPACITY = 512;

/**
 * Appends big-endian fields one after the other.
 *
 * Numbers are range-checked: a value that does not fit its field is a mistake of the program and throws a RangeError
 * instead of being cut.
 */
export class ByteWriter {
  #buffer = new Uint8Array(INITIAL_CAPACITY);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  /** Bytes written so far. */
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

  /** Appends `bytes` and zeros up to `width` bytes; throws a RangeError if it is longer than that. */
  padded(bytes: Uint8Array, width: number): this {
    checkRange(bytes.length, 0, width);
    return this.bytes(bytes).zeros(width - bytes.length);
  }

  /** Appends `count` zero bytes. */
  zeros(count: number): this {
    this.#grow(count);
    return this;
  }

  /** A copy of what was written. */
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

function checkRange(value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot encode ${value}: expected an integer from ${least} to ${most}`,
  );
}
