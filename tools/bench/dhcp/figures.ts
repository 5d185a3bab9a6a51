/** What the dhcp benchmark measures, and its targets. Pure. @module */

import { atMost, scriptTargets, type Target } from "../figures.ts";
import { quantile } from "../process_time.ts";
import type { ScriptFigures } from "../script.ts";
import type { DaemonUse } from "./side.ts";

/** One value per plugin. */
export interface Both<T> {
  readonly ours: T;
  readonly upstream: T;
}

/** One value per way to call; `ours` is the standalone executable. */
export interface Callers<T> extends Both<T> {
  readonly launcher: T;
}

/** Wall times of whole ADDs in milliseconds; calls that failed are only counted. */
export interface AddTimes {
  readonly timesMs: readonly number[];
  readonly failed: number;
}

/** A daemon with a given number of leases. */
export interface HeldFigures {
  readonly leases: number;
  readonly use: Both<DaemonUse>;
  /** CPU time of the daemon for one renewal. */
  readonly renewalMs: Both<number>;
  /** From the kill until ours serves again with all leases. Upstream's would have none. */
  readonly restartMs: number;
}

/** All figures of a run. */
export interface DhcpFigures {
  readonly startMs: Both<number> & { readonly empty: number };
  /** VERSION under `deno run`. */
  readonly scripts: ScriptFigures;
  readonly up: Callers<AddTimes>;
  readonly down: Callers<AddTimes>;
  readonly together: Callers<AddTimes>;
  readonly lossy: Callers<AddTimes>;
  readonly held: readonly HeldFigures[];
}

/** The number of simultaneous ADDs where that is measured. */
export const AT_ONCE = 50;
/** Percentage of frames that are lost in each direction. */
export const LOSS_PERCENT = 20;
/** The numbers of leases that a daemon is measured with. */
export const LEASES = [100, 1000] as const;

/** Returns the targets with what was measured. */
export function dhcpTargets(
  { startMs, scripts, up, down, together, lossy, held }: DhcpFigures,
): Target[] {
  const most = held.at(-1);
  if (most === undefined) throw new RangeError("No figures of a daemon");
  const { use: { ours, upstream } } = most;
  const p50 = quantile(up.ours.timesMs, 0.5);
  const relative = (
    { launcher, upstream }: Callers<AddTimes>,
    share: number,
  ): number =>
    quantile(launcher.timesMs, share) / quantile(upstream.timesMs, share);
  return [
    atMost(
      "ADD of the launcher, p50, relative to upstream",
      relative(up, 0.5),
      0.5,
    ),
    atMost(
      `${AT_ONCE} ADDs of the launcher at once, p99, relative to upstream`,
      relative(together, 0.99),
      1,
    ),
    atMost(
      `ADD of the launcher, ${LOSS_PERCENT} % loss, p99, ms`,
      quantile(lossy.launcher.timesMs, 0.99),
      3000,
    ),
    ...scriptTargets(scripts, { VERSION: 1.12 }),
    atMost("ADD, p50 minus process start-up, ms", p50 - startMs.ours, 15),
    atMost("ADD, link down, worst, ms", Math.max(...down.ours.timesMs), 600),
    atMost(
      `ADD, ${LOSS_PERCENT} % loss, p99, ms`,
      quantile(lossy.ours.timesMs, 0.99),
      3000,
    ),
    atMost(`threads with ${most.leases} leases`, ours.threads, 25),
    atMost(
      "descriptors per lease",
      ours.descriptors / most.leases,
      1,
    ),
    atMost(
      `memory with ${most.leases} leases, relative to upstream`,
      ours.memoryMb / upstream.memoryMb,
      1,
    ),
  ];
}
