/** What the dhcp benchmark measures, and its targets. Pure. @module */

import { type PerEngine, perEngine } from "../engines.ts";
import { quantile } from "../process_time.ts";
import type { ProcessUse } from "../process_use.ts";
import type { ScriptFigures } from "../script.ts";
import { atMost, relative, scriptTargets, type Target } from "../targets.ts";

/** One value per daemon. */
export interface Both<T> {
  readonly ours: T;
  readonly upstream: T;
}

/** Wall times of whole ADDs in milliseconds; calls that failed are only counted. */
export interface AddTimes {
  readonly timesMs: readonly number[];
  readonly failed: number;
}

/** A daemon with a given number of leases. */
export interface HeldFigures {
  readonly leases: number;
  readonly use: Both<ProcessUse>;
  /** CPU time of the daemon for one renewal. */
  readonly renewalMs: Both<number>;
  /** From the kill until ours serves again with all leases. Upstream's would have none. */
  readonly restartMs: number;
}

/** All figures of a run. */
export interface DhcpFigures {
  readonly startMs: PerEngine<number> & { readonly empty: number };
  /** VERSION under `deno run`. */
  readonly scripts: ScriptFigures;
  readonly up: PerEngine<AddTimes>;
  readonly down: PerEngine<AddTimes>;
  /** {@link AT_ONCE} ADDs at a time. */
  readonly together: PerEngine<AddTimes>;
  /** From the start of the first of them to the end of the last. */
  readonly togetherMs: PerEngine<number>;
  readonly lossy: PerEngine<AddTimes>;
  readonly held: readonly HeldFigures[];
}

/** The number of simultaneous ADDs where that is measured. */
export const AT_ONCE = 50;
/** Percentage of frames that are lost in each direction. */
export const LOSS_PERCENT = 20;
/** The numbers of leases that a daemon is measured with. */
export const LEASES = [100, 1000] as const;

/** Returns the targets with what was measured. */
export function dhcpTargets(figures: DhcpFigures): Target[] {
  const { startMs, scripts, up, down, togetherMs, lossy, held } = figures;
  const most = held.at(-1);
  if (most === undefined) throw new RangeError("No figures of a daemon");
  const { use: { ours, upstream } } = most;
  const p50 = perEngine((engine) => quantile(up[engine].timesMs, 0.5));
  return [
    atMost("resident: ADD, p50, relative to upstream", relative(p50), 0.5),
    atMost(
      `resident: ${AT_ONCE} ADDs at once, time relative to upstream`,
      relative(togetherMs),
      1,
    ),
    atMost(
      `resident: ADD, ${LOSS_PERCENT} % loss, p99, ms`,
      quantile(lossy.resident.timesMs, 0.99),
      3000,
    ),
    atMost(
      "resident: ADD, link down, worst, ms",
      Math.max(...down.resident.timesMs),
      600,
    ),
    ...scriptTargets(scripts, { VERSION: 1.12 }),
    atMost(
      "standalone: ADD, p50 minus process start-up, ms",
      p50.standalone - startMs.standalone,
      15,
    ),
    atMost(
      "standalone: ADD, link down, worst, ms",
      Math.max(...down.standalone.timesMs),
      600,
    ),
    atMost(
      `standalone: ADD, ${LOSS_PERCENT} % loss, p99, ms`,
      quantile(lossy.standalone.timesMs, 0.99),
      3000,
    ),
    atMost(`daemon: threads with ${most.leases} leases`, ours.threads, 25),
    atMost(
      "daemon: descriptors per lease",
      ours.descriptors / most.leases,
      1,
    ),
    atMost(
      `daemon: memory with ${most.leases} leases, relative to upstream`,
      ours.memoryMb / upstream.memoryMb,
      1,
    ),
  ];
}
