/** Counters of the daemon, by name. @module */

/** Counts events since the daemon started. */
export class Metrics {
  readonly #counts = new Map<string, number>();

  /** Adds one. */
  count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Returns all counters that are not zero, sorted by name. */
  toJson(): Readonly<Record<string, number>> {
    const inOrder = [...this.#counts].sort(([a], [b]) => a < b ? -1 : 1);
    return Object.fromEntries(inOrder);
  }
}
