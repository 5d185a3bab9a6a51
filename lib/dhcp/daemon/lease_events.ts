/** The events of a daemon's leases, for watchers and commands. @module */

import type { LeaseEvent } from "../protocol/lease_event.ts";

/** Passes each event to every listener. Costs nothing while there is none. */
export class LeaseEvents {
  readonly #listeners = new Set<(event: LeaseEvent) => void>();

  /** Whether there is no listener. */
  get isUnheard(): boolean {
    return this.#listeners.size === 0;
  }

  /** Calls every listener. */
  publish(event: LeaseEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Calls `listener` with each event until disposed of. It must not throw. */
  listen(listener: (event: LeaseEvent) => void): Disposable {
    // A new function, so that the same listener can be added twice.
    const entry = (event: LeaseEvent): void => listener(event);
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => this.#listeners.delete(entry) };
  }
}
