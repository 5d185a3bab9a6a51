/** Who a client is to servers, and how it talks to them: from configuration, flags and link. Pure. @module */

import {
  type Attachment,
  attachmentIaid,
  attachmentIdentifier,
  type Digest,
  duidFromLinkLayer,
  duidFromUuid,
  duidIdentifier,
  hardwareIdentifier,
} from "../codec/client_identifier.ts";
import type { ClientSettings } from "../client/settings.ts";
import type { LinkInfo } from "../../netlink/link.ts";
import { DEFAULT_TIMINGS } from "../client/settings.ts";
import type { DaemonFlags } from "./flags.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import { type ClientIdentity, MOST_CHADDR } from "./lease_record.ts";

/** The field `htype` is one byte; links of a type beyond have no hardware address to speak of, such as tunnels. */
const NO_HTYPE = 0;

/** The flags that concern every client. */
export type ClientFlags = Pick<
  DaemonFlags,
  "broadcast" | "timeoutMs" | "resendMaxMs" | "resendTimeoutMs"
>;

/** The identity of a new lease. */
export function newIdentity(
  attachment: Attachment,
  { clientId }: Pick<LeaseOptions, "clientId">,
  { link, digest, machineId }: {
    readonly link: Pick<LinkInfo, "htype" | "macAddress">;
    readonly digest: Digest;
    readonly machineId: Uint8Array | undefined;
  },
): ClientIdentity {
  const { macAddress } = link;
  const htype = link.htype <= 0xff ? link.htype : NO_HTYPE;
  const chaddr = macAddress.length <= MOST_CHADDR
    ? macAddress
    : new Uint8Array();
  const withId = (clientIdentifier: Uint8Array): ClientIdentity => ({
    htype,
    chaddr,
    clientIdentifier,
  });
  switch (clientId.kind) {
    case "attachment":
      return withId(attachmentIdentifier(attachment, digest));
    case "mac":
      return withId(hardwareIdentifier(htype, macAddress));
    case "duid": {
      const duid = machineId === undefined
        ? duidFromLinkLayer(htype, macAddress)
        : duidFromUuid(machineId);
      return withId(duidIdentifier(attachmentIaid(attachment, digest), duid));
    }
    case "bytes":
      return withId(clientId.bytes);
    default: {
      const unknown: never = clientId;
      return unknown;
    }
  }
}

/** How long an ADD may take. */
export function addTimeoutMs(
  { timeoutMs }: Pick<LeaseOptions, "timeoutMs">,
  { resendTimeoutMs }: Pick<ClientFlags, "resendTimeoutMs">,
): number {
  return timeoutMs ?? resendTimeoutMs;
}

/** The input of the state machine. */
export function clientSettings(
  identity: ClientIdentity,
  options: LeaseOptions,
  { flags, linkKind }: {
    readonly flags: ClientFlags;
    /** Undefined if it is not known. */
    readonly linkKind: string | undefined;
  },
): ClientSettings {
  const { provided, requestedCodes, conflictProbeMs } = options;
  return {
    ...identity,
    provided,
    requestedCodes,
    broadcast: broadcastOf(identity, options, { flags, linkKind }),
    timings: {
      firstResendMs: DEFAULT_TIMINGS.firstResendMs,
      timeoutMs: flags.timeoutMs,
      resendMaxMs: flags.resendMaxMs,
      resendTimeoutMs: addTimeoutMs(options, flags),
      probeMs: conflictProbeMs,
    },
  };
}

function broadcastOf(
  { chaddr }: ClientIdentity,
  options: LeaseOptions,
  { flags, linkKind }: {
    readonly flags: ClientFlags;
    readonly linkKind: string | undefined;
  },
): boolean | "auto" {
  // Nobody could send a unicast to a client whose hardware address is not in the message (RFC 4390 section 2.2).
  if (chaddr.length === 0) return true;
  const wanted = options.broadcast ?? (flags.broadcast ? true : "auto");
  // All interfaces of one ipvlan have the same hardware address: only the IPv4 address tells them apart, once it is set.
  return wanted === "auto" && linkKind === "ipvlan" ? true : wanted;
}
