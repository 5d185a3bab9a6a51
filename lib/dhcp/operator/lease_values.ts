/** The values of a lease as the commands print them. Pure. @module */

import { formatAge } from "../../base/age.ts";
import type { Tone } from "../../cli/screen.ts";
import type { LeaseReport, ReportedLease } from "../protocol/lease_report.ts";

/** The color of each state; states without one are those without a lease. */
const TONES: Readonly<Record<string, Tone>> = {
  BOUND: "good",
  RENEWING: "good",
  REBINDING: "warning",
  INIT: "warning",
  SELECTING: "warning",
  REQUESTING: "warning",
  PROBING: "warning",
  REBOOTING: "warning",
  "INIT-REBOOT": "warning",
  STORED: "dim",
  OFFERED: "dim",
};

/** Returns the color of a state. */
export function toneOf({ state }: LeaseReport): Tone {
  return TONES[state] ?? "bad";
}

/** Returns whether a lease needs attention: no server renews it, or there is none. */
export function needsAttention({ state, lease }: LeaseReport): boolean {
  return lease === undefined ||
    ["REBINDING", "GONE", "LOST", "EXPIRED", "EARLIER-BOOT"].includes(state);
}

/** Formats how long it is until a time: `3h12m`, `12s ago`, `never`, or `?` if it is unknown. */
export function formatUntil(atMs: number | undefined, nowMs: number): string {
  if (atMs === undefined) return "-";
  if (Number.isNaN(atMs)) return "?";
  if (atMs === Infinity) return "never";
  const leftMs = atMs - nowMs;
  return leftMs >= 0 ? formatAge(leftMs) : `${formatAge(-leftMs)} ago`;
}

/** Formats a time: ISO 8601 with how long it is until then. */
export function formatTime(atMs: number, nowMs: number): string {
  const until = formatUntil(atMs, nowMs);
  const date = dateOf(atMs);
  if (date === null) return until === "?" ? "unknown" : until;
  return until.endsWith("ago") ? `${date}, ${until}` : `${date}, in ${until}`;
}

/** Counts the messages of a lease whose counters begin so. */
export function packetsOf(
  { packets }: LeaseReport,
  direction: "sent" | "received" | "dropped",
): number {
  return Object.entries(packets)
    .filter(([name]) => name.startsWith(`${direction}_`))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** Returns a lease as `--json` prints it. Times are null if they are unknown, or never come. */
export function leaseJson(report: LeaseReport): Record<string, unknown> {
  const { attachment, lease, lastProblem, packets, ...rest } = report;
  const { containerId, networkName } = attachment;
  return {
    containerId,
    networkName,
    ...rest,
    address: lease?.address ?? null,
    server: lease?.server ?? null,
    ...timesJson(lease),
    packets: {
      sent: packetsOf(report, "sent"),
      received: packetsOf(report, "received"),
      dropped: packetsOf(report, "dropped"),
      byType: packets,
    },
    lastError: lastProblem === undefined ? null : {
      event: lastProblem.event,
      reason: lastProblem.reason,
      at: dateOf(lastProblem.atMs),
    },
  };
}

/** Formats a time as ISO 8601; null if it is unknown, never comes, or is no date. */
export function dateOf(atMs: number | undefined): string | null {
  const date = new Date(atMs ?? NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function timesJson(
  lease: ReportedLease | undefined,
): Readonly<Record<string, unknown>> {
  return {
    start: dateOf(lease?.startMs),
    t1: dateOf(lease?.t1Ms),
    t2: dateOf(lease?.t2Ms),
    expiry: dateOf(lease?.expiresMs),
    isInfinite: lease?.expiresMs === Infinity,
  };
}
