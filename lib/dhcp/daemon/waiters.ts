/** Those who wait for the lease of one attachment. @module */

import type { Lease } from "../client/lease.ts";
import { KeeperError, type KeeperFailure } from "./acquisition_failure.ts";

/** Any number of callers who want the same lease. */
export class Waiters {
  readonly #waiting = new Set<PromiseWithResolvers<Lease>>();

  /** Whether somebody waits. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /**
   * Waits for `resolve`.
   *
   * @throws {KeeperError} at `reject`, or once the signal is aborted.
   */
  async wait(signal: AbortSignal): Promise<Lease> {
    const own = Promise.withResolvers<Lease>();
    const onAbort = (): void =>
      own.reject(new KeeperError({ kind: "cancelled" }));
    this.#waiting.add(own);
    signal.addEventListener("abort", onAbort);
    try {
      if (signal.aborted) onAbort();
      return await own.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#waiting.delete(own);
    }
  }

  /** All get the lease. */
  resolve(lease: Lease): void {
    for (const { resolve } of this.#take()) resolve(lease);
  }

  /** None gets one. */
  reject(failure: KeeperFailure): void {
    for (const { reject } of this.#take()) reject(new KeeperError(failure));
  }

  #take(): readonly PromiseWithResolvers<Lease>[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }
}
