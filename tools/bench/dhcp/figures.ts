/** What the dhcp bench measures, and its targets. Pure. @module */

import { atMost, type Target } from "../figures.ts";
import { quantile } from "../process_time.ts";
import type { DaemonUse } from "./side.ts";

/** One value per side. */
export interface Both<T> {
  readonly ours: T;
  readonly upstream: T;
}

/** Wall times of ADDs in milliseconds; failed calls are only counted. */
export interface AddTimes {
  readonly timesMs: readonly number[];
  readonly failed: number;
}

/** A daemon with this many leases. */
export interface HeldFigures {
  readonly leases: number;
  readonly use: Both<DaemonUse>;
  /** CPU time of the daemon per renewal. */
  readonly renewalMs: Both<number>;
  /** From the start after a kill until the daemon has resumed every lease. Upstream's resumes none. */
  readonly restartMs: number;
}

/** All figures of a run. */
export interface DhcpFigures {
  readonly startMs: Both<number> & { readonly empty: number };
  readonly up: Both<AddTimes>;
  readonly down: Both<AddTimes>;
  readonly together: Both<AddTimes>;
  readonly lossy: Both<AddTimes>;
  readonly held: readonly HeldFigures[];
}

/** How many ADDs run at once in that measurement. */
export const AT_ONCE = 50;
/** Percentage of frames dropped in each direction. */
export const LOSS_PERCENT = 20;
/** How many leases a daemon is measured with. */
export const LEASES = [100, 1000] as const;

/** The targets, with the measured values. */
export function dhcpTargets(
  { startMs, up, down, lossy, held }: DhcpFigures,
): Target[] {
  const most = held.at(-1);
  if (most === undefined) throw new RangeError("No figures of a daemon");
  const { use: { ours, upstream } } = most;
  const p50 = quantile(up.ours.timesMs, 0.5);
  return [
    atMost("ADD, p50 over process start, ms", p50 - startMs.ours, 15),
    atMost("ADD, link down, worst, ms", Math.max(...down.ours.timesMs), 600),
    atMost(
      `ADD, ${LOSS_PERCENT} % loss, p99, ms`,
      quantile(lossy.ours.timesMs, 0.99),
      3000,
    ),
    atMost(`threads with ${most.leases} leases`, ours.threads, 25),
    atMost(
      "descriptors for each lease",
      ours.descriptors / most.leases,
      1,
    ),
    atMost(
      `memory with ${most.leases} leases, times upstream's`,
      ours.memoryMb / upstream.memoryMb,
      1,
    ),
  ];
}
