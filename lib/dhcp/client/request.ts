/**
 * The messages of a client: one builder for each column of RFC 2131 table 4, and DISCOVER, DECLINE
 * and RELEASE of table 5.
 *
 * ```text
 *                 DISCOVER   SELECTING  INIT-REBOOT  RENEWING   REBINDING  DECLINE    RELEASE
 *   sent by       broadcast  broadcast  broadcast    unicast    broadcast  broadcast  unicast
 *   ciaddr        0          0          0            leased     leased     0          leased
 *   option 50     MAY        MUST       MUST         MUST NOT   MUST NOT   MUST       MUST NOT
 *   option 54     MUST NOT   MUST       MUST NOT     MUST NOT   MUST NOT   MUST       MUST
 *   option 55     MAY        MAY        MAY          MAY        MAY        MUST NOT   MUST NOT
 * ```
 *
 * Pure.
 *
 * @module
 */

import {
  BROADCAST_FLAG,
  type DhcpMessage,
  MESSAGE_TYPE,
  type MessageTypeName,
  OP,
} from "../codec/dhcp_message.ts";
import { OptionCode } from "../codec/option_code.ts";
import { encodeOptionValue } from "../codec/option_value.ts";
import { type DhcpOptions, isSendable } from "../codec/options.ts";
import {
  type Ipv4Address,
  LIMITED_BROADCAST,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";
import type { ClientSettings } from "./settings.ts";

/** A message, and the addresses of the packet that carries it. */
export interface Outgoing {
  readonly type: MessageTypeName;
  /** 0.0.0.0 while the client may not use an address (RFC 2131 section 4.1). */
  readonly source: Ipv4Address;
  /** 255.255.255.255, or the server. */
  readonly destination: Ipv4Address;
  readonly message: DhcpMessage;
}

/** The header fields that differ from send to send. */
export interface SendFields {
  readonly xid: number;
  /** Seconds since the client began to acquire or renew, 0 to 65535. */
  readonly secs: number;
  /** Whether the BROADCAST bit is set. */
  readonly isBroadcast: boolean;
}

/** Builds a DISCOVER; `address` is one that the client would like to have again. */
export function discover(
  settings: ClientSettings,
  fields: SendFields & { readonly address: Ipv4Address | undefined },
): Outgoing {
  const own = fields.address === undefined
    ? []
    : [requestedIpAddress(fields.address)];
  return broadcast(settings, "DISCOVER", fields, own);
}

/**
 * Builds the REQUEST of SELECTING, which accepts an offer, with `xid` and `secs` of the DISCOVER
 * (section 3.1).
 */
export function requestSelecting(
  settings: ClientSettings,
  fields: SendFields & {
    readonly address: Ipv4Address;
    readonly server: Ipv4Address;
  },
): Outgoing {
  return broadcast(settings, "REQUEST", fields, [
    requestedIpAddress(fields.address),
    serverIdentifier(fields.server),
  ]);
}

/** Builds the REQUEST of INIT-REBOOT, which asks whether an address from earlier is still valid. */
export function requestInitReboot(
  settings: ClientSettings,
  fields: SendFields & { readonly address: Ipv4Address },
): Outgoing {
  return broadcast(settings, "REQUEST", fields, [
    requestedIpAddress(fields.address),
  ]);
}

/** Builds the REQUEST of RENEWING: from the leased address to the server that granted it. */
export function requestRenewing(
  settings: ClientSettings,
  fields: SendFields & {
    readonly address: Ipv4Address;
    readonly server: Ipv4Address;
  },
): Outgoing {
  return {
    type: "REQUEST",
    source: fields.address,
    destination: fields.server,
    message: withProvided(settings, "REQUEST", fields, [], fields.address),
  };
}

/** Builds the REQUEST of REBINDING: from the leased address to any server. */
export function requestRebinding(
  settings: ClientSettings,
  fields: SendFields & { readonly address: Ipv4Address },
): Outgoing {
  return {
    type: "REQUEST",
    source: fields.address,
    destination: LIMITED_BROADCAST,
    message: withProvided(settings, "REQUEST", fields, [], fields.address),
  };
}

/** Builds a DECLINE: another host already uses the address. `secs` and `flags` are 0 (table 5). */
export function decline(
  settings: ClientSettings,
  fields: {
    readonly xid: number;
    readonly address: Ipv4Address;
    readonly server: Ipv4Address;
  },
): Outgoing {
  const options: OptionEntry[] = [
    messageType("DECLINE"),
    requestedIpAddress(fields.address),
    serverIdentifier(fields.server),
    [OptionCode.message, encodeOptionValue("text", "address already in use")],
    clientIdentifier(settings),
  ];
  return {
    type: "DECLINE",
    source: UNSPECIFIED_ADDRESS,
    destination: LIMITED_BROADCAST,
    message: header(settings, { ...fields, ...QUIET }, new Map(options)),
  };
}

/** Builds a RELEASE of the address. `secs` and `flags` are 0 (table 5). */
export function release(
  settings: ClientSettings,
  fields: {
    readonly xid: number;
    readonly address: Ipv4Address;
    readonly server: Ipv4Address;
  },
): Outgoing {
  const options: OptionEntry[] = [
    messageType("RELEASE"),
    serverIdentifier(fields.server),
    clientIdentifier(settings),
  ];
  return {
    type: "RELEASE",
    source: fields.address,
    destination: fields.server,
    message: header(
      settings,
      { ...fields, ...QUIET },
      new Map(options),
      fields.address,
    ),
  };
}

/**
 * Returns the content of option 61 that the client sends, and that a server may echo (RFC 6842).
 */
export function sentClientIdentifier(settings: ClientSettings): Uint8Array {
  return settings.provided.get(OptionCode.clientIdentifier) ??
    settings.clientIdentifier;
}

type OptionEntry = readonly [code: number, content: Uint8Array];

const QUIET = { secs: 0, isBroadcast: false } as const;

function broadcast(
  settings: ClientSettings,
  type: MessageTypeName,
  fields: SendFields,
  own: readonly OptionEntry[],
): Outgoing {
  return {
    type,
    source: UNSPECIFIED_ADDRESS,
    destination: LIMITED_BROADCAST,
    message: withProvided(settings, type, fields, own, UNSPECIFIED_ADDRESS),
  };
}

/**
 * Builds a message with the parameter request list and the provided options. A provided option
 * replaces the client's own, except the list (55), the type (53) and the server (54). A provided
 * address (50) is a wish, so only a DISCOVER carries it (table 4).
 */
function withProvided(
  settings: ClientSettings,
  type: MessageTypeName,
  fields: SendFields,
  own: readonly OptionEntry[],
  ciaddr: Ipv4Address,
): DhcpMessage {
  const { provided, requestedCodes } = settings;
  const options = new Map<number, Uint8Array>([
    messageType(type),
    ...own,
    [
      OptionCode.maximumDhcpMessageSize,
      encodeOptionValue("u16", settings.maximumMessageSize),
    ],
    clientIdentifier(settings),
  ]);
  for (const [code, content] of provided) {
    if (isProvidable(code, type)) options.set(code, content);
  }
  if (requestedCodes.length > 0) {
    options.set(
      OptionCode.parameterRequestList,
      Uint8Array.from(requestedCodes),
    );
  }
  return header(settings, fields, options, ciaddr);
}

function isProvidable(code: number, type: MessageTypeName): boolean {
  switch (code) {
    case OptionCode.dhcpMessageType:
    case OptionCode.serverIdentifier:
      return false;
    case OptionCode.requestedIpAddress:
      return type === "DISCOVER";
    default:
      // Pad, End and option 52 structure a message and carry no value (as upstream for the first
      // two).
      return isSendable(code);
  }
}

function header(
  { htype, chaddr }: ClientSettings,
  { xid, secs, isBroadcast }: SendFields,
  options: DhcpOptions,
  ciaddr = UNSPECIFIED_ADDRESS,
): DhcpMessage {
  return {
    op: OP.bootRequest,
    htype,
    hops: 0,
    xid,
    secs,
    flags: isBroadcast ? BROADCAST_FLAG : 0,
    ciaddr,
    yiaddr: UNSPECIFIED_ADDRESS,
    siaddr: UNSPECIFIED_ADDRESS,
    giaddr: UNSPECIFIED_ADDRESS,
    chaddr,
    sname: new Uint8Array(),
    file: new Uint8Array(),
    options,
  };
}

function messageType(type: MessageTypeName): OptionEntry {
  return [OptionCode.dhcpMessageType, Uint8Array.of(MESSAGE_TYPE[type])];
}

function requestedIpAddress(address: Ipv4Address): OptionEntry {
  return [OptionCode.requestedIpAddress, encodeOptionValue("ip", address)];
}

function serverIdentifier(server: Ipv4Address): OptionEntry {
  return [OptionCode.serverIdentifier, encodeOptionValue("ip", server)];
}

function clientIdentifier(settings: ClientSettings): OptionEntry {
  return [OptionCode.clientIdentifier, sentClientIdentifier(settings)];
}
