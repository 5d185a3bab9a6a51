/** Leases and their events as operators see them. Pure. @module */

import type { Attachment } from "../../cni/attachment.ts";
import { formatCidr } from "../../net/cidr.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { Lease } from "../client/lease.ts";
import type { LeaseEvent, LeaseEventKind } from "../protocol/lease_event.ts";
import type { ReportedLease } from "../protocol/lease_report.ts";
import type { Scheduler } from "./ports.ts";

/** What has happened to a lease. */
export interface EventContent {
  readonly kind: LeaseEventKind;
  readonly lease?: Lease | undefined;
  /** As in {@link LeaseEvent}. */
  readonly detail?: string;
}

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

/** Returns an event that happens now. */
export function reportEvent(
  { kind, lease, detail = "" }: EventContent,
  { attachment, scheduler }: {
    readonly attachment: Attachment;
    readonly scheduler: Pick<Scheduler, "nowMs" | "wallMs">;
  },
): LeaseEvent {
  const reported = lease && reportLease(lease, scheduler);
  const { address = "", server = "", expiresMs = Infinity } = reported ?? {};
  const atMs = scheduler.wallMs();
  return { kind, atMs, attachment, address, server, expiresMs, detail };
}
