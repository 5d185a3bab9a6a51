/** The metrics that the daemon serves. @module */

import { type Command, COMMANDS } from "../../cni/spec_version.ts";
import { CallMetrics } from "../../metrics/call_metrics.ts";
import { formatMetrics } from "../../metrics/exposition.ts";
import { processFamilies } from "../../metrics/process_metrics.ts";
import type { Daemon } from "../daemon/daemon.ts";
import {
  BUCKET_SECONDS,
  daemonFamilies,
  METRICS_PREFIX,
} from "../daemon/metric_families.ts";

/** The process around the daemon. */
export interface DaemonMetricsOptions {
  readonly version: string;
  /** When it started, wall clock, milliseconds since 1970. */
  readonly startMs: number;
  /** Returns milliseconds on the clock of the leases. */
  nowMs(): number;
}

/** The metrics of a daemon and its calls. */
export class DaemonMetrics {
  readonly #daemon: Pick<Daemon, "status" | "nextExpiryMs">;
  readonly #options: DaemonMetricsOptions;
  readonly #calls = new CallMetrics({
    prefix: METRICS_PREFIX,
    commands: COMMANDS,
    bucketSeconds: BUCKET_SECONDS,
  });

  constructor(
    daemon: Pick<Daemon, "status" | "nextExpiryMs">,
    options: DaemonMetricsOptions,
  ) {
    this.#daemon = daemon;
    this.#options = options;
  }

  /** Counts a call. */
  record(
    command: Command,
    outcome: { readonly code: number; readonly seconds: number },
  ): void {
    this.#calls.record(command, outcome);
  }

  /** Returns the metrics as they are now. */
  text(): string {
    const { version, startMs, nowMs } = this.#options;
    const { nextExpiryMs } = this.#daemon;
    return formatMetrics([
      ...processFamilies({
        prefix: METRICS_PREFIX,
        version,
        residentBytes: Deno.memoryUsage().rss,
        startMs,
      }),
      ...this.#calls.families(),
      ...daemonFamilies({
        ...this.#daemon.status(),
        nextExpiryMs: nextExpiryMs && nextExpiryMs - nowMs(),
      }),
    ]);
  }
}
