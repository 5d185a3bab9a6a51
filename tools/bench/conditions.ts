/** What else the machine does during a measurement, as lines of a report. @module */

import type { Caller } from "./caller.ts";
import { median, quantile } from "./process_time.ts";

const FSYNC_ROUNDS = 51;

/** What is measured before the run and at its end. */
export class Conditions {
  readonly #folder: string;
  readonly #before: string;

  /** @param folder Where the networks are. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#before = describeNow(folder);
  }

  /** Returns lines of Markdown. */
  describe(caller: Caller): string[] {
    return [
      `- started by ${caller.description}`,
      `- before the run: ${this.#before}`,
      `- at its end: ${describeNow(this.#folder)}`,
    ];
  }
}

/** The load, and how long the disk takes for what every ADD does once (fsync of a small file). */
function describeNow(folder: string): string {
  const [minute = NaN, minutes = NaN] = Deno.loadavg();
  const times = Array.from({ length: FSYNC_ROUNDS }, () => fsyncMs(folder));
  return `load average ${minute.toFixed(1)} (1 minute), ${
    minutes.toFixed(1)
  } (5 minutes); fsync of a new file ${median(times).toFixed(1)} ms (median), ${
    quantile(times, 0.9).toFixed(1)
  } ms (90th percentile)`;
}

function fsyncMs(folder: string): number {
  const path = `${folder}/fsync`;
  using file = Deno.openSync(path, { write: true, createNew: true });
  file.writeSync(new Uint8Array(80));
  const startMs = performance.now();
  file.syncSync();
  const tookMs = performance.now() - startMs;
  Deno.removeSync(path);
  return tookMs;
}
