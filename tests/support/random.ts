/** Reproducible randomness for tests with generated input. @module */

/** A small seeded generator (mulberry32). */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** Returns a number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Returns an integer in [0, below). */
  int(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** Returns true with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns one of the items. @throws {RangeError} if there is none. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.int(items.length)];
    if (item === undefined && items.length === 0) {
      throw new RangeError("Cannot pick from nothing");
    }
    return item as T;
  }

  /** Returns the items in a random order. */
  shuffle<T>(items: readonly T[]): T[] {
    const rest = [...items];
    const out: T[] = [];
    while (rest.length > 0) out.push(...rest.splice(this.int(rest.length), 1));
    return out;
  }

  /** Returns an independent generator whose seed is derived from this one's and `index`. */
  fork(index: number): Random {
    return new Random(
      (Math.imul(this.seed ^ (index + 0x9e3779b9), 0x85ebca6b) ^ index) >>> 0,
    );
  }
}

/**
 * Returns the number in the environment variable, or `otherwise`.
 *
 * @throws {RangeError} if it is no number: a test would do nothing so many times.
 */
export function numberFromEnv(name: string, otherwise: number): number {
  const text = Deno.env.get(name);
  if (text === undefined || text === "") return otherwise;
  const number = Number(text);
  if (Number.isNaN(number)) throw new RangeError(`${name} is "${text}"`);
  return number;
}
