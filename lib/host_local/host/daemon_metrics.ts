/** The metrics that the resident process serves. @module */

import { SystemError } from "../../base/errors.ts";
import {
  type ConfigFile,
  DEFAULT_CONFIG_DIR,
} from "../../cni/config_document.ts";
import { formatMetrics, type MetricFamily } from "../../metrics/exposition.ts";
import { processFamilies } from "../../metrics/process_metrics.ts";
import { nowMs } from "../../sys/clock.ts";
import { readConfigs } from "../../sys/config_files.ts";
import { DEFAULT_DATA_DIR } from "../config.ts";
import { addressMetrics, METRICS_PREFIX } from "../operator/address_metrics.ts";
import { addressesIn } from "../store/addresses_in.ts";
import { presentMoment } from "../store/history_file.ts";
import { readHistory } from "../store/read_history.ts";
import { networkNames } from "./network_names.ts";

/** How long counts of addresses are reused. New counts take a read of all file names. */
const MIN_PAUSE_MS = 10_000;
/** How much longer the pause is than the read, which takes a second for 60,000 addresses. */
const PAUSE_FACTOR = 100;

/** What the metrics are about. */
export interface DaemonMetricsOptions {
  /** Prefix of every path. */
  readonly hostPrefix: string;
  readonly version: string;
  /** When the process started, wall clock, milliseconds since 1970. */
  readonly startMs: number;
  /** Returns monotonic milliseconds. */
  monotonicMs(): number;
  /** Returns the metrics of the calls. */
  callFamilies(): readonly MetricFamily[];
}

/** Returns a function that returns the metrics as they are now. */
export function daemonMetrics(
  { hostPrefix, version, startMs, monotonicMs, callFamilies }:
    DaemonMetricsOptions,
): () => Promise<string> {
  let read: Promise<readonly MetricFamily[]> | undefined;
  let nextMs = -Infinity;
  return async () => {
    const startedMs = monotonicMs();
    if (read === undefined || startedMs >= nextMs) {
      nextMs = Infinity;
      read = addressFamilies(hostPrefix).finally(() => {
        const endMs = monotonicMs();
        const pauseMs = (endMs - startedMs) * PAUSE_FACTOR;
        nextMs = endMs + Math.max(pauseMs, MIN_PAUSE_MS);
      });
    }
    const addresses = await read;
    return formatMetrics([
      ...processFamilies({
        prefix: METRICS_PREFIX,
        version,
        residentBytes: Deno.memoryUsage().rss,
        startMs,
      }),
      ...callFamilies(),
      ...addresses,
    ]);
  };
}

async function addressFamilies(
  hostPrefix: string,
): Promise<readonly MetricFamily[]> {
  const at = (path: string): string => `${hostPrefix}${path}`;
  const { families } = await addressMetrics(
    { dataDir: DEFAULT_DATA_DIR, files: readFiles(at(DEFAULT_CONFIG_DIR)) },
    {
      networkNames: (dataDir) => namesOrNone(at(dataDir)),
      addressesIn: (directory) => addressesIn(at(directory)),
      // The calls log a history that cannot be read.
      readHistory: (directory) => readHistory(at(directory), () => {}),
      moment: presentMoment,
      nowMs,
    },
  );
  return families;
}

/** Without configurations the size of networks is unknown, and the rest is not. */
function readFiles(path: string): readonly ConfigFile[] {
  try {
    return readConfigs(path, () => "");
  } catch (error) {
    if (error instanceof SystemError) return [];
    throw error;
  }
}

/** Configured networks are read even if the data directory cannot be. */
function namesOrNone(dataDir: string): readonly string[] {
  try {
    return networkNames(dataDir);
  } catch (error) {
    if (error instanceof SystemError) return [];
    throw error;
  }
}
