/** Decides what happens to a stored lease when the daemon starts. Pure. @module */

import type { ClientEvent } from "../client/event.ts";
import type { LeasedRecord, LeaseRecord } from "./lease_record.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";

/** What to do with a stored lease. */
export type ResumeDecision =
  | { readonly kind: "resume"; readonly record: LeasedRecord }
  | { readonly kind: "release"; readonly reason: string };

/**
 * Decides about one stored lease.
 *
 * An address that was never seen on the interface may belong to a virtual machine in the container,
 * or its ADD was answered only a moment ago: its absence proves nothing.
 *
 * @param addresses The addresses of the interface; undefined if the interface or its namespace is
 * gone.
 */
export function decideResume(
  record: LeaseRecord,
  { bootId, isDeleted, addresses }: {
    readonly bootId: string;
    /** A DEL left a release note while no daemon was running. */
    readonly isDeleted: boolean;
    readonly addresses: readonly Ipv4Cidr[] | undefined;
  },
): ResumeDecision {
  const { grant, isLost, wasSeen } = record;
  if (isDeleted) return release("deleted while no daemon was running");
  if (record.bootId !== bootId) return release("acquired before the last boot");
  if (addresses === undefined) {
    return release("interface or namespace no longer exists");
  }
  if (grant.kind === "offered") return release("ADD was never answered");
  const { address } = grant.lease;
  const isPresent = addresses.some((other) =>
    other.address.value === address.value
  );
  if (wasSeen && !isLost && !isPresent) {
    return release("address is no longer on the interface");
  }
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
