/**
 * CHECK: compares a lease with `prevResult` and the interface (SPEC section 4, "CHECK").
 *
 * @module
 */

import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import { type Cidr, formatCidr } from "../../net/cidr.ts";
import type { LeaseValues } from "./lease_result.ts";
import { type AttachedInterface } from "./ports.ts";
import { isSameNetns, type NetnsIdentity } from "../../net/netns_identity.ts";

/** The lease that the daemon keeps for an attachment. */
export interface CheckedLease {
  /** Undefined while there is none that may be used. */
  readonly lease: LeaseValues | undefined;
  /** The state of the client. */
  readonly stateName: string;
  /** Its interface. */
  readonly attached: Pick<AttachedInterface, "location" | "addresses" | "read">;
}

/**
 * Checks a lease; acquires nothing.
 *
 * @param held Undefined if the daemon has no lease for the attachment.
 * @throws {CniError} if lease, `prevResult` and interface differ.
 * @throws {SystemError} if the interface cannot be read.
 */
export function checkLease(
  held: CheckedLease | undefined,
  { attachment, addresses, netns }: {
    readonly attachment: Attachment;
    /** The addresses of `prevResult`; undefined if there is none. */
    readonly addresses: readonly Cidr[] | undefined;
    /** The namespace that the runtime names. */
    readonly netns: NetnsIdentity;
  },
): void {
  const problem = findProblem(held, { addresses, netns });
  if (problem === undefined) return;
  throw new CniError(CniErrorCode.internal, `dhcp: ${problem}`, {
    details: `attachment ${attachmentText(attachment)}`,
  });
}

function findProblem(
  held: CheckedLease | undefined,
  { addresses, netns }: Omit<Parameters<typeof checkLease>[1], "attachment">,
): string | undefined {
  if (held === undefined) return "no lease for this container and interface";
  const { lease, stateName, attached } = held;
  if (lease === undefined) return `the lease is lost, state ${stateName}`;
  if (!isSameNetns(attached.location.netns, netns)) {
    return "the lease belongs to another namespace";
  }
  const text = formatCidr(lease);
  const isLeased = (other: Cidr): boolean => formatCidr(other) === text;
  if (addresses !== undefined && !addresses.some(isLeased)) {
    const listed = addresses.map(formatCidr).join(" ");
    return `the lease is ${text}, which prevResult does not have: ${listed}`;
  }
  if (!attached.addresses().some(isLeased)) {
    return `${text} is not on the interface`;
  }
  return attached.read()?.isUp === false ? "the interface is down" : undefined;
}
