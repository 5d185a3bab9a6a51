/** CHECK: a lease against what the runtime believes and what the interface has (SPEC section 4, "CHECK"). @module */

import { CniError, CniErrorCode } from "../../cni/error.ts";
import { type Cidr, formatCidr } from "../../net/cidr.ts";
import type { Keeper } from "./lease_client.ts";
import type { AttachedInterface } from "./ports.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { isSameNetns } from "../../net/netns_identity.ts";

/**
 * Compares; acquires nothing.
 *
 * @param keeper Undefined if there is no lease.
 * @throws {CniError} What is wrong.
 * @throws {SystemError} if the interface cannot be looked at.
 */
export function checkLease(
  keeper: Keeper | undefined,
  { attachment, addresses, here }: {
    readonly attachment: Attachment;
    /** Those of the previous result; undefined if there is none. */
    readonly addresses: readonly Cidr[] | undefined;
    /** The interface that the runtime means. */
    readonly here: AttachedInterface;
  },
): void {
  const problem = findProblem(keeper, { addresses, here });
  if (problem === undefined) return;
  throw new CniError(CniErrorCode.internal, `dhcp: ${problem}`, {
    details: `attachment ${attachmentText(attachment)}`,
  });
}

function findProblem(
  keeper: Keeper | undefined,
  { addresses, here }: {
    readonly addresses: readonly Cidr[] | undefined;
    readonly here: AttachedInterface;
  },
): string | undefined {
  if (keeper === undefined) {
    return "no lease of this container and interface exists";
  }
  const { lease, stateName, subject: { attached } } = keeper;
  if (lease === undefined) return `the lease is lost, state ${stateName}`;
  if (!isSameNetns(here.place.netns, attached.place.netns)) {
    return "the lease is of another namespace";
  }
  const text = formatCidr(lease);
  const isIt = (other: Cidr): boolean => formatCidr(other) === text;
  if (addresses !== undefined && !addresses.some(isIt)) {
    const listed = addresses.map(formatCidr).join(" ");
    return `the lease is ${text}, which prevResult does not have: ${listed}`;
  }
  if (!here.addresses().some(isIt)) return `${text} is not on the interface`;
  return here.read()?.isUp === false ? "the interface is down" : undefined;
}
