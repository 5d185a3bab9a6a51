/** The identity and the settings of a client, from configuration, flags and link. Pure. @module */

import { ByteWriter } from "../../base/byte_writer.ts";
import { formatHex } from "../../base/hex.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import {
  duidFromLinkLayer,
  duidFromUuid,
  duidIdentifier,
  hardwareIdentifier,
} from "../codec/client_identifier.ts";
import type { ClientSettings } from "../client/settings.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { DaemonFlags } from "./flags.ts";
import type { Digest } from "./ports.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import { type ClientIdentity, MAX_CHADDR } from "./lease_record.ts";

/**
 * The field `htype` is one byte. Links with a larger type have no hardware address worth sending,
 * such as tunnels.
 */
const NO_HTYPE = 0;

/** RFC 2132 section 9.14: an identifier that is not a hardware address. */
const TYPE_OPAQUE = 0;
/** An option holds 255 bytes; one of them is the type. */
const MAX_TEXT_BYTES = 254;

const MIN_MESSAGE_SIZE = 576;
const MAX_MESSAGE_SIZE = 1500;

/** The flags that concern every client. */
export type ClientFlags = Pick<
  DaemonFlags,
  "broadcast" | "timeoutMs" | "resendMaxMs" | "resendTimeoutMs"
>;

/** Returns the identity for a new lease. */
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
  const chaddr = macAddress.length <= MAX_CHADDR
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
  }
}

/**
 * Returns the identity with the hardware address of a link; undefined if the link has the same one,
 * or none that can be sent. The client identifier stays.
 */
export function identityOnLink(
  identity: ClientIdentity,
  { macAddress }: Pick<LinkInfo, "macAddress">,
): ClientIdentity | undefined {
  const { chaddr } = identity;
  const isUsable = macAddress.length > 0 && macAddress.length <= MAX_CHADDR;
  if (chaddr.length === 0 || !isUsable) return undefined;
  return formatHex(chaddr) === formatHex(macAddress)
    ? undefined
    : { ...identity, chaddr: macAddress };
}

/**
 * Returns the default identifier, the same as upstream's: type 0 and the attachment's text. So an
 * upgrade keeps addresses.
 *
 * Text of more than 254 bytes is replaced by its hexadecimal digest. Upstream cuts it, and two
 * interfaces of one container may get the same identifier.
 */
export function attachmentIdentifier(
  attachment: Attachment,
  digest: Digest,
): Uint8Array {
  const text = new TextEncoder().encode(attachmentText(attachment));
  const content = text.length <= MAX_TEXT_BYTES
    ? text
    : new TextEncoder().encode(formatHex(digest(text)));
  return new ByteWriter().u8(TYPE_OPAQUE).bytes(content).finish();
}

/** Returns a stable IAID for an attachment: the first four bytes of the digest of its text. */
export function attachmentIaid(attachment: Attachment, digest: Digest): number {
  const hash = digest(new TextEncoder().encode(attachmentText(attachment)));
  return new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
    .getUint32(0);
}

/** Returns how long an ADD may take, in milliseconds. */
export function addTimeoutMs(
  { timeoutMs }: Pick<LeaseOptions, "timeoutMs">,
  { resendTimeoutMs }: Pick<ClientFlags, "resendTimeoutMs">,
): number {
  return timeoutMs ?? resendTimeoutMs;
}

/** Returns the settings of the state machine. */
export function clientSettings(
  identity: ClientIdentity,
  options: LeaseOptions,
  { flags, linkKind, mtu }: {
    readonly flags: ClientFlags;
    /** Undefined if it is unknown. */
    readonly linkKind: string | undefined;
    /** The MTU of the link; undefined if it is unknown. */
    readonly mtu: number | undefined;
  },
): ClientSettings {
  const { provided, requestedCodes, conflictProbeMs } = options;
  return {
    ...identity,
    provided,
    requestedCodes,
    broadcast: broadcastOf(identity, options, { flags, linkKind }),
    maximumMessageSize: maximumMessageSize(mtu),
    timings: {
      timeoutMs: flags.timeoutMs,
      resendMaxMs: flags.resendMaxMs,
      resendTimeoutMs: addTimeoutMs(options, flags),
      probeMs: conflictProbeMs,
    },
  };
}

/**
 * Returns the largest message that can arrive: at most an Ethernet frame, as upstream announces,
 * and at least 576 bytes (RFC 2132 section 9.10).
 */
function maximumMessageSize(mtu = MAX_MESSAGE_SIZE): number {
  return Math.max(MIN_MESSAGE_SIZE, Math.min(mtu, MAX_MESSAGE_SIZE));
}

function broadcastOf(
  { chaddr }: ClientIdentity,
  options: LeaseOptions,
  { flags, linkKind }: {
    readonly flags: ClientFlags;
    readonly linkKind: string | undefined;
  },
): boolean | "auto" {
  // No server can send a unicast to a client whose hardware address is not in the message (RFC 4390
  // section 2.2).
  if (chaddr.length === 0) return true;
  const wanted = options.broadcast ?? (flags.broadcast ? true : "auto");
  // All interfaces of one ipvlan share a hardware address: only an IPv4 address distinguishes them,
  // once it is set.
  return wanted === "auto" && linkKind === "ipvlan" ? true : wanted;
}
