/** Metrics of the calls that a process has run: number, outcome and duration. Pure. @module */

import type { MetricFamily, Sample } from "./exposition.ts";

/** What to measure. */
export interface CallMetricsOptions {
  /** The start of the names, such as `cni_dhcp`. */
  readonly prefix: string;
  /** Commands that have a series from the start, with 0 calls: a rate needs a first value. */
  readonly commands: readonly string[];
  /** The upper bounds of the histogram, in seconds, ascending. */
  readonly bucketSeconds: readonly number[];
}

/** The durations of the calls with one command. */
interface Durations {
  /** How many calls took at most as long as each bound, and longer than the bound before it. */
  readonly counts: number[];
  count: number;
  sumSeconds: number;
}

/** Counts calls by command and error code. */
export class CallMetrics {
  readonly #options: CallMetricsOptions;
  /** By command, then by code. */
  readonly #calls = new Map<string, Map<number, number>>();
  readonly #durations = new Map<string, Durations>();

  constructor(options: CallMetricsOptions) {
    this.#options = options;
    for (const command of options.commands) {
      this.#calls.set(command, new Map([[0, 0]]));
      this.#durationsOf(command);
    }
  }

  /**
   * Counts a call that has ended.
   *
   * @param command One of a few: each has its own series.
   * @param outcome `code`: that of the error; 0 for success.
   */
  record(
    command: string,
    { code, seconds }: { readonly code: number; readonly seconds: number },
  ): void {
    const codes = this.#calls.get(command) ?? new Map<number, number>();
    this.#calls.set(command, codes);
    codes.set(code, (codes.get(code) ?? 0) + 1);
    const durations = this.#durationsOf(command);
    const { bucketSeconds } = this.#options;
    const bucket = bucketSeconds.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) {
      durations.counts[bucket] = (durations.counts[bucket] ?? 0) + 1;
    }
    durations.count++;
    durations.sumSeconds += seconds;
  }

  /** Returns the metrics. */
  families(): readonly MetricFamily[] {
    const { prefix } = this.#options;
    return [
      {
        name: `${prefix}_calls_total`,
        help:
          "Calls that have ended, by command and CNI error code; code 0 is success",
        type: "counter",
        samples: [...this.#calls].flatMap(([command, codes]) =>
          [...codes].map(([code, value]) => ({
            labels: { command, code: String(code) },
            value,
          }))
        ),
      },
      {
        name: `${prefix}_call_duration_seconds`,
        help: "Duration of calls from the request to its answer",
        type: "histogram",
        samples: [...this.#durations].flatMap(([command, durations]) =>
          this.#histogram(command, durations)
        ),
      },
    ];
  }

  #durationsOf(command: string): Durations {
    const existing = this.#durations.get(command);
    if (existing !== undefined) return existing;
    const counts = this.#options.bucketSeconds.map(() => 0);
    const durations = { counts, count: 0, sumSeconds: 0 };
    this.#durations.set(command, durations);
    return durations;
  }

  #histogram(
    command: string,
    { counts, count, sumSeconds }: Durations,
  ): readonly Sample[] {
    let total = 0;
    const buckets = this.#options.bucketSeconds.map((bound, index) => {
      total += counts[index] ?? 0;
      return { bound: String(bound), value: total };
    });
    return [
      ...[...buckets, { bound: "+Inf", value: count }].map((
        { bound, value },
      ): Sample => ({
        suffix: "_bucket",
        labels: { command, le: bound },
        value,
      })),
      { suffix: "_sum", labels: { command }, value: sumSeconds },
      { suffix: "_count", labels: { command }, value: count },
    ];
  }
}
