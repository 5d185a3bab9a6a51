/** What a client acquires a lease for, and how it is found for an ADD. @module */

import { SystemError } from "../../base/errors.ts";
import type { Attachment } from "../../cni/attachment.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import type { DaemonRequest } from "../protocol/daemon_protocol.ts";
import { newIdentity } from "./client_identity.ts";
import type { ClientIdentity } from "./lease_record.ts";
import type {
  AttachedInterface,
  DaemonPorts,
  NetnsReference,
} from "./ports.ts";

/** An attachment, its interface and the options of its network. */
export interface LeaseSubject {
  readonly attachment: Attachment;
  readonly attached: AttachedInterface;
  readonly identity: ClientIdentity;
  readonly options: LeaseOptions;
}

/** The request of an ADD. */
type AllocateRequest = Extract<
  DaemonRequest,
  { readonly method: "allocate" }
>;

/**
 * Finds the interface of an ADD.
 *
 * @throws {SystemError} if there is none.
 * @throws {CniError} if it is in the daemon's own namespace, unless the request allows that.
 */
export function findAttached(
  { attachment: { ifName }, netnsOverride }: AllocateRequest,
  netns: NetnsReference,
  { interfaces }: Pick<DaemonPorts, "interfaces">,
): AttachedInterface {
  const attached = interfaces.find(netns, ifName);
  const { location } = attached;
  if (netnsOverride || !interfaces.isOwn(location.netns)) return attached;
  // The lease of an interface of the host would be the host's, and so would the loss of it.
  throw new CniError(
    CniErrorCode.invalidNetns,
    "plugin's netns and netns from CNI_NETNS should not be the same",
    {
      details:
        `${location.netnsPath} is the namespace of the daemon; set CNI_NETNS_OVERRIDE=1 if that is intended`,
    },
  );
}

/**
 * Returns what an ADD acquires a new lease for.
 *
 * @throws {SystemError} if the interface was removed.
 */
export function newSubject(
  { attachment, options }: AllocateRequest,
  attached: AttachedInterface,
  { digest, machineId }: Pick<DaemonPorts, "digest" | "machineId">,
): LeaseSubject {
  const link = attached.read();
  if (link === undefined) throw linkNotFound(attached.location.ifName);
  const identity = newIdentity(attachment, options, {
    link,
    digest,
    machineId,
  });
  return { attachment, attached, identity, options };
}

/** Returns the error for an interface that does not exist, with upstream's text. */
function linkNotFound(ifName: string): SystemError {
  const quoted = JSON.stringify(ifName);
  return new SystemError(`error looking up ${quoted}: Link not found`);
}
