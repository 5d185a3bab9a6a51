/** Builders of DHCP values with defaults, so that a test states only what it checks. @module */

import {
  type DhcpMessage,
  MESSAGE_TYPE,
  OP,
} from "../../lib/dhcp/codec/dhcp_message.ts";
import type { DhcpOptions } from "../../lib/dhcp/codec/options.ts";
import { parseIpAddress } from "../../lib/net/ip_address.ts";
import {
  type Ipv4Address,
  UNSPECIFIED_ADDRESS,
} from "../../lib/net/ipv4_address.ts";
import {
  type ClientSettings,
  DEFAULT_TIMINGS,
} from "../../lib/dhcp/client/settings.ts";
import { hex } from "./bytes.ts";

/** Parses an IPv4 address. */
export function ip(text: string): Ipv4Address {
  const address = parseIpAddress(text);
  if (address?.family !== 4) throw new Error(`not IPv4: ${text}`);
  return { family: 4, value: address.value };
}

/** Builds options from their contents in hexadecimal. */
export function options(contents: Record<number, string>): DhcpOptions {
  return new Map(
    Object.entries(contents).map(([code, text]) => [Number(code), hex(text)]),
  );
}

/** Builds a message whose fields are zero or empty by default. */
export function message(fields: Partial<DhcpMessage> = {}): DhcpMessage {
  return {
    op: OP.bootRequest,
    htype: 1,
    hops: 0,
    xid: 0,
    secs: 0,
    flags: 0,
    ciaddr: UNSPECIFIED_ADDRESS,
    yiaddr: UNSPECIFIED_ADDRESS,
    siaddr: UNSPECIFIED_ADDRESS,
    giaddr: UNSPECIFIED_ADDRESS,
    chaddr: hex("02005e100001"),
    sname: new Uint8Array(),
    file: new Uint8Array(),
    options: new Map(),
    ...fields,
  };
}

/**
 * Builds the settings of a client with the hardware address 02:00:5e:10:00:01 and the identifier
 * `c1/net/eth0`.
 */
export function settings(
  fields: Partial<Omit<ClientSettings, "timings">> & {
    readonly timings?: Partial<ClientSettings["timings"]>;
  } = {},
): ClientSettings {
  return {
    htype: 1,
    chaddr: hex("02005e100001"),
    clientIdentifier: hex("00 63312f6e65742f65746830"),
    provided: new Map(),
    requestedCodes: [121, 3, 1, 33, 6, 15, 119, 26],
    broadcast: "auto",
    maximumMessageSize: 1500,
    ...fields,
    timings: { ...DEFAULT_TIMINGS, ...fields.timings },
  };
}

/**
 * Builds a reply of the server 192.0.2.1: /24, router 192.0.2.1, one hour. `options` replace these,
 * undefined removes one.
 */
export function reply(
  type: "OFFER" | "ACK" | "NAK",
  xid: number,
  fields: Partial<Omit<DhcpMessage, "options">> & {
    readonly options?: Record<number, string | undefined>;
  } = {},
): DhcpMessage {
  const { options: given = {}, ...header } = fields;
  const usual: Record<number, string | undefined> = type === "NAK"
    ? { 54: "c0000201" }
    : { 1: "ffffff00", 3: "c0000201", 51: "00000e10", 54: "c0000201" };
  const contents = {
    53: `0${MESSAGE_TYPE[type]}`,
    ...usual,
    ...given,
  };
  const kept = Object.entries(contents).flatMap(([code, text]) =>
    text === undefined ? [] : [[Number(code), hex(text)] as const]
  );
  return message({
    op: OP.bootReply,
    xid,
    yiaddr: type === "NAK" ? UNSPECIFIED_ADDRESS : ip("192.0.2.50"),
    ...header,
    options: new Map(kept),
  });
}
