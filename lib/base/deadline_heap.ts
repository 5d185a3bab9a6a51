/** A binary heap of deadlines whose entries know their place, so that each can be moved or taken out. Pure. @module */

/** One entry. Owned by one heap; only the heap changes it. */
export interface Deadline<Value> {
  readonly value: Value;
  atMs: number;
  /** Place in the heap; undefined while it is not in it. */
  place: number | undefined;
}

/** The earliest deadline first; setting and clearing cost O(log n). */
export class DeadlineHeap<Value> {
  readonly #entries: Deadline<Value>[] = [];

  /** Number of deadlines. */
  get size(): number {
    return this.#entries.length;
  }

  /** The earliest; undefined if there is none. */
  get first(): Deadline<Value> | undefined {
    return this.#entries[0];
  }

  /** Puts `entry` in the heap, or moves it. */
  set(entry: Deadline<Value>, atMs: number): void {
    entry.atMs = atMs;
    if (entry.place === undefined) {
      entry.place = this.#entries.push(entry) - 1;
    }
    this.#sink(this.#rise(entry));
  }

  /** Takes `entry` out of the heap, if it is in it. */
  clear(entry: Deadline<Value>): void {
    const { place } = entry;
    if (place === undefined) return;
    entry.place = undefined;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#put(last, place);
    this.#sink(this.#rise(last));
  }

  #rise(entry: Deadline<Value>): Deadline<Value> {
    for (let place = entry.place ?? 0; place > 0;) {
      const above = Math.floor((place - 1) / 2);
      const parent = this.#entries[above];
      if (parent === undefined || parent.atMs <= entry.atMs) break;
      this.#put(parent, place);
      this.#put(entry, above);
      place = above;
    }
    return entry;
  }

  #sink(entry: Deadline<Value>): void {
    for (let place = entry.place ?? 0;;) {
      const child = this.#earlierChild(place);
      if (child?.place === undefined || child.atMs >= entry.atMs) return;
      const below = child.place;
      this.#put(child, place);
      this.#put(entry, below);
      place = below;
    }
  }

  #earlierChild(place: number): Deadline<Value> | undefined {
    const left = this.#entries[2 * place + 1];
    const right = this.#entries[2 * place + 2];
    if (left === undefined || right === undefined) return left;
    return left.atMs <= right.atMs ? left : right;
  }

  #put(entry: Deadline<Value>, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }
}
