/** Random inputs, derived from a corpus and reproducible by their seed. @module */

const INTERESTING = [0, 1, 3, 4, 7, 8, 52, 53, 63, 64, 127, 128, 192, 254, 255];

/** A generator of random numbers and inputs. */
export class Mutator {
  #state: number;

  /** @param seed Any unsigned 32-bit number. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /**
   * Returns a uniform number from 0 to `below` - 1 (xorshift32 with a Weyl step, so any seed will
   * do).
   */
  below(below: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) % below;
  }

  /** Returns one of `choices`, which must not be empty. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Returns one of `seeds` with one to six changes, or random bytes in one of twenty calls. */
  bytes(seeds: readonly Uint8Array[]): Uint8Array {
    if (this.below(20) === 0) return this.#noise(this.below(400));
    let bytes: Uint8Array = this.pick(seeds).slice();
    for (let change = this.below(6); change >= 0; change--) {
      bytes = this.#changed(bytes, seeds);
    }
    return bytes;
  }

  #changed(bytes: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array {
    const at = this.below(bytes.length + 1);
    switch (this.below(7)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << this.below(8));
        return bytes;
      case 1:
        bytes[at] = this.pick(INTERESTING);
        return bytes;
      case 2:
        bytes[at] = this.below(256);
        return bytes;
      case 3:
        return bytes.slice(0, at);
      case 4:
        return Uint8Array.of(
          ...bytes.subarray(0, at),
          ...this.#noise(this.below(20)),
          ...bytes.subarray(at),
        );
      case 5:
        return Uint8Array.of(
          ...bytes.subarray(0, at),
          ...bytes.subarray(at + this.below(20)),
        );
      default: {
        const other = this.pick(seeds);
        const from = this.below(other.length + 1);
        return Uint8Array.of(
          ...bytes.subarray(0, at),
          ...other.subarray(from),
        );
      }
    }
  }

  #noise(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
