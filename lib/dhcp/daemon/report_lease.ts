/** The values of a lease as operators see them. Pure. @module */

import { formatCidr } from "../../net/cidr.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { Lease } from "../client/lease.ts";
import type { ReportedLease } from "../protocol/lease_report.ts";
import type { Scheduler } from "./ports.ts";

/** Returns the values of a lease, with the times of the wall clock. */
export function reportLease(
  lease: Lease,
  scheduler: Pick<Scheduler, "nowMs" | "wallMs">,
): ReportedLease {
  const offsetMs = scheduler.wallMs() - scheduler.nowMs();
  const { sentMs, t1Ms, t2Ms, expiresMs } = lease;
  const wall = (ms: number): number => Math.round(ms + offsetMs);
  return {
    address: formatCidr(lease),
    server: formatIpAddress(lease.serverIdentifier),
    startMs: wall(sentMs),
    t1Ms: wall(t1Ms),
    t2Ms: wall(t2Ms),
    expiresMs: wall(expiresMs),
  };
}
