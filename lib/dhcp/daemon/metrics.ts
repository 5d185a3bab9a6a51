/** Counters of the daemon, by name. @module */

/** Counts what happened since the daemon started. */
export class Metrics {
  readonly #counts = new Map<string, number>();

  /** Adds one. */
  count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** All counters that are not zero, in the order of their names. */
  toJson(): Readonly<Record<string, number>> {
    const inOrder = [...this.#counts].sort(([a], [b]) => a < b ? -1 : 1);
    return Object.fromEntries(inOrder);
  }
}
