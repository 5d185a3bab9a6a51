/** Rate limiting: a burst of events at once, then one event per interval. Pure. @module */

/** How often an event is allowed. */
export interface RateLimit {
  readonly intervalMs: number;
  /**
   * How many events are allowed at once, 1 or more. Each idle interval allows one of them again.
   */
  readonly burst: number;
}

/** Limits how often one kind of event happens. A new limiter allows a full burst. */
export class RateLimiter {
  readonly #limit: RateLimit;
  #fullBurstMs = -Infinity;

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** The earliest time at which a full burst is allowed. */
  get fullBurstMs(): number {
    return this.#fullBurstMs;
  }

  /** The earliest time at which the next event is allowed. */
  get nextAllowedMs(): number {
    const { intervalMs, burst } = this.#limit;
    return this.#fullBurstMs - (burst - 1) * intervalMs;
  }

  /** Counts an event that happens at `nowMs`. The caller has checked that it is allowed. */
  count(nowMs: number): void {
    this.#fullBurstMs = Math.max(this.#fullBurstMs, nowMs) +
      this.#limit.intervalMs;
  }
}
