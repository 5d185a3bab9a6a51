/** Reproducible randomness for tests that make up their input. @module */

/** A small seeded generator (mulberry32); the same seed gives the same run. */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer in [0, below). */
  int(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** True with the probability given. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.int(items.length)];
    if (item === undefined && items.length === 0) {
      throw new RangeError("Cannot pick from nothing");
    }
    return item as T;
  }

  /** A new order of the items. */
  shuffle<T>(items: readonly T[]): T[] {
    const rest = [...items];
    const out: T[] = [];
    while (rest.length > 0) out.push(...rest.splice(this.int(rest.length), 1));
    return out;
  }

  /** An independent generator whose seed follows from this one's and `index`. */
  fork(index: number): Random {
    return new Random(
      (Math.imul(this.seed ^ (index + 0x9e3779b9), 0x85ebca6b) ^ index) >>> 0,
    );
  }
}

/** The number in the environment variable, or the one given. */
export function numberFromEnv(name: string, otherwise: number): number {
  const text = Deno.env.get(name);
  return text === undefined || text === "" ? otherwise : Number(text);
}
