/**
 * A binary heap of deadlines. Each entry knows its index, so that it can be moved or removed. Pure.
 *
 * @module
 */

/** One entry. Only the heap that it belongs to changes it. */
export interface Deadline<Value> {
  readonly value: Value;
  atMs: number;
  /** Index in the heap; undefined while it is not in the heap. */
  index: number | undefined;
}

/** Orders deadlines, the earliest first. Setting and clearing take O(log n). */
export class DeadlineHeap<Value> {
  readonly #entries: Deadline<Value>[] = [];

  /** Number of deadlines. */
  get size(): number {
    return this.#entries.length;
  }

  /** The earliest deadline; undefined if there is none. */
  get first(): Deadline<Value> | undefined {
    return this.#entries[0];
  }

  /** Adds `entry` to the heap, or moves it. */
  set(entry: Deadline<Value>, atMs: number): void {
    entry.atMs = atMs;
    if (entry.index === undefined) {
      entry.index = this.#entries.push(entry) - 1;
    }
    this.#sink(this.#rise(entry));
  }

  /** Removes `entry` from the heap, if it is in it. */
  clear(entry: Deadline<Value>): void {
    const { index } = entry;
    if (index === undefined) return;
    entry.index = undefined;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#put(last, index);
    this.#sink(this.#rise(last));
  }

  #rise(entry: Deadline<Value>): Deadline<Value> {
    for (let index = entry.index ?? 0; index > 0;) {
      const above = Math.floor((index - 1) / 2);
      const parent = this.#entries[above];
      if (parent === undefined || parent.atMs <= entry.atMs) break;
      this.#put(parent, index);
      this.#put(entry, above);
      index = above;
    }
    return entry;
  }

  #sink(entry: Deadline<Value>): void {
    for (let index = entry.index ?? 0;;) {
      const child = this.#earlierChild(index);
      if (child?.index === undefined || child.atMs >= entry.atMs) return;
      const below = child.index;
      this.#put(child, index);
      this.#put(entry, below);
      index = below;
    }
  }

  #earlierChild(index: number): Deadline<Value> | undefined {
    const left = this.#entries[2 * index + 1];
    const right = this.#entries[2 * index + 2];
    if (left === undefined || right === undefined) return left;
    return left.atMs <= right.atMs ? left : right;
  }

  #put(entry: Deadline<Value>, index: number): void {
    this.#entries[index] = entry;
    entry.index = index;
  }
}
