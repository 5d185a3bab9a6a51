/** How often something may happen: some times in a row, then once an interval. Pure. @module */

/** What a pace is made of. */
export interface PaceOptions {
  readonly intervalMs: number;
  /** So many times without a pause, once it has rested for as many intervals. 1 or more. */
  readonly burst: number;
}

/** One thing that must not happen too often; it has rested at first. */
export class Pace {
  readonly #options: PaceOptions;
  /** When a whole burst may happen again. */
  #restedMs = -Infinity;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** The earliest time for it to happen next. */
  get nextMs(): number {
    const { intervalMs, burst } = this.#options;
    return this.#restedMs - (burst - 1) * intervalMs;
  }

  /** It happens. */
  take(nowMs: number): void {
    this.#restedMs = Math.max(this.#restedMs, nowMs) + this.#options.intervalMs;
  }
}
