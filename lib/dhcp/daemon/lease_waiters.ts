/** The callers that wait for the lease of one attachment. @module */

import type { Lease } from "../client/lease.ts";
import {
  AcquisitionError,
  type AcquisitionFailure,
} from "./acquisition_error.ts";

/** Any number of callers that wait for the same lease. */
export class LeaseWaiters {
  readonly #waiting = new Set<PromiseWithResolvers<Lease>>();

  /** Whether no caller waits. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /**
   * Waits for `resolve`.
   *
   * @throws {AcquisitionError} at `reject`, or once the signal is aborted.
   */
  async wait(signal: AbortSignal): Promise<Lease> {
    const own = Promise.withResolvers<Lease>();
    const onAbort = (): void =>
      own.reject(new AcquisitionError({ kind: "cancelled" }));
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

  /** Hands the lease to every caller. */
  resolve(lease: Lease): void {
    for (const { resolve } of this.#takeAll()) resolve(lease);
  }

  /** Fails every call. */
  reject(failure: AcquisitionFailure): void {
    for (const { reject } of this.#takeAll()) {
      reject(new AcquisitionError(failure));
    }
  }

  #takeAll(): readonly PromiseWithResolvers<Lease>[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }
}
