/** Decides what happens to a stored lease when the daemon starts. Pure. @module */

import type { ClientEvent } from "../client/event.ts";
import type { LeasedRecord, LeaseRecord } from "./lease_record.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";

/** What to do with a stored lease. */
export type ResumeDecision =
  | { readonly kind: "resume"; readonly record: LeasedRecord }
  | { readonly kind: "release"; readonly reason: string };

/**
 * Decides about one stored lease.
 *
 * A missing address is no reason to release a lease: it may have moved to a bridge that has the
 * interface as a port, or into a virtual machine. While namespace and interface exist, only DEL or
 * GC ends a lease.
 */
export function decideResume(
  record: LeaseRecord,
  { bootId, isDeleted, hasInterface }: {
    readonly bootId: string;
    /** A DEL left a release note while no daemon was running. */
    readonly isDeleted: boolean;
    /** Whether namespace and interface exist. */
    readonly hasInterface: boolean;
  },
): ResumeDecision {
  const { grant } = record;
  if (isDeleted) return release("deleted while no daemon was running");
  if (record.bootId !== bootId) return release("acquired before the last boot");
  if (!hasInterface) return release("interface or namespace no longer exists");
  if (grant.kind === "offered") return release("ADD was never answered");
  return { kind: "resume", record: { ...record, grant } };
}

/** Returns the event that resumes a stored lease; one that is lost counts as expired. */
export function resumeEvent(
  { grant: { lease }, isLost, options }: LeasedRecord,
  { hasCarrier }: Pick<LinkInfo, "hasCarrier">,
  nowMs: number,
): ClientEvent {
  const over = { t1Ms: nowMs, t2Ms: nowMs, expiresMs: nowMs };
  // The daemon itself set the link of a lost lease down.
  const isHeldDown = isLost && options.onExpiry === "down";
  return {
    kind: "resume",
    link: hasCarrier || isHeldDown ? "up" : "down",
    lease: isLost ? { ...lease, ...over } : lease,
  };
}

function release(reason: string): ResumeDecision {
  return { kind: "release", reason };
}
