/** Counters of the daemon, by name. @module */

/** Counters without kinds. */
export type PlainCounter =
  | "send_errors"
  | "packets_delayed"
  | "leases_acquired"
  | "leases_renewed"
  | "leases_changed"
  | "leases_orphaned"
  | "renewals_failed";

/** The prefixes of counters with kinds: `sent_discover`. */
export type CounterGroup =
  | "sent"
  | "received"
  | "dropped"
  | "leases_lost"
  | "failed";

/** The name of a counter. */
export type CounterName = PlainCounter | `${CounterGroup}_${string}`;

/** Counts events since the daemon started. */
export class Metrics {
  readonly #counts = new Map<string, number>();

  /** Adds one. */
  count(name: CounterName): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Returns all counters that are not zero, sorted by name. */
  toJson(): Readonly<Record<string, number>> {
    const inOrder = [...this.#counts].sort(([a], [b]) => a < b ? -1 : 1);
    return Object.fromEntries(inOrder);
  }
}
