/** What becomes of a stored lease when a daemon starts. Pure. @module */

import type { ClientEvent } from "../client/event.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { LeasedRecord, LeaseRecord } from "./lease_record.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";

/** Goes on, or is over and is given back. */
export type Adoption =
  | { readonly kind: "adopt"; readonly record: LeasedRecord }
  | { readonly kind: "drop"; readonly reason: string };

/**
 * Decides about one lease.
 *
 * An address that was never seen on the interface may belong to a machine inside the container that has it from
 * elsewhere, or the ADD was answered a moment ago: its absence proves nothing.
 *
 * @param addresses What is on the interface; undefined if interface or namespace are gone.
 */
export function decideAdoption(
  record: LeaseRecord,
  { bootId, isDeleted, addresses }: {
    readonly bootId: string;
    /** A DEL came while no daemon ran. */
    readonly isDeleted: boolean;
    readonly addresses: readonly Ipv4Cidr[] | undefined;
  },
): Adoption {
  const { grant, isLost, wasSeen } = record;
  if (isDeleted) return drop("it was deleted while no daemon ran");
  if (record.bootId !== bootId) {
    return drop("it is from before the machine was started");
  }
  if (addresses === undefined) {
    return drop("its interface or namespace no longer exists");
  }
  if (grant.kind === "offered") return drop("its ADD was never answered");
  const { address } = grant.lease;
  const isThere = addresses.some((other) =>
    other.address.value === address.value
  );
  if (wasSeen && !isLost && !isThere) {
    return drop("its address is no longer on the interface");
  }
  return { kind: "adopt", record: { ...record, grant } };
}

/** How the client of a stored lease begins; one that is lost counts as expired. */
export function resumeEvent(
  { grant: { lease }, isLost, options }: LeasedRecord,
  { hasCarrier }: Pick<LinkInfo, "hasCarrier">,
  nowMs: number,
): ClientEvent {
  const over = { t1Ms: nowMs, t2Ms: nowMs, expiresMs: nowMs };
  // The link of a lost lease is down because of that.
  const isDownOnPurpose = isLost && options.onExpiry === "down";
  return {
    kind: "resume",
    link: hasCarrier || isDownOnPurpose ? "up" : "down",
    lease: isLost ? { ...lease, ...over } : lease,
    verify: false,
  };
}

function drop(reason: string): Adoption {
  return { kind: "drop", reason };
}
