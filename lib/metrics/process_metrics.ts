/** Metrics of a process, with the names that Prometheus clients use. Pure. @module */

import type { MetricFamily } from "./exposition.ts";

/** A process. */
export interface ProcessFacts {
  /** The start of the name of its build information, such as `cni_dhcp`. */
  readonly prefix: string;
  readonly version: string;
  /** Resident memory. */
  readonly residentBytes: number;
  /** When it started, wall clock, milliseconds since 1970. */
  readonly startMs: number;
}

/** Returns the metrics of a process. */
export function processFamilies(
  { prefix, version, residentBytes, startMs }: ProcessFacts,
): readonly MetricFamily[] {
  return [
    buildFamily(prefix, version),
    {
      name: "process_resident_memory_bytes",
      help: "Resident memory size in bytes",
      type: "gauge",
      samples: [{ value: residentBytes }],
    },
    {
      name: "process_start_time_seconds",
      help: "Start time of the process since unix epoch in seconds",
      type: "gauge",
      samples: [{ value: startMs / 1000 }],
    },
  ];
}

/** Returns the metric that names the version. */
export function buildFamily(prefix: string, version: string): MetricFamily {
  return {
    name: `${prefix}_build_info`,
    help: "The version that runs, as a label; the value is always 1",
    type: "gauge",
    samples: [{ labels: { version }, value: 1 }],
  };
}
