/** DHCP messages: the fixed header (RFC 2131 section 2) and the options after it. Pure. @module */

import { ByteReader } from "../../base/byte_reader.ts";
import { ByteWriter } from "../../base/byte_writer.ts";
import { DecodeError } from "../../base/errors.ts";
import {
  type Ipv4Address,
  readIpv4,
  writeIpv4,
} from "../../net/ipv4_address.ts";
import { decodeOptions, type DhcpOptions, encodeOptions } from "./options.ts";

/** Values of `op`: a message from a client (1) or from a server (2). */
export const OP = { bootRequest: 1, bootReply: 2 } as const;

/** Values of option 53 (RFC 2132 section 9.6). */
export const MESSAGE_TYPE = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

/** The name of a message type without its prefix `DHCP`. */
export type MessageTypeName = keyof typeof MESSAGE_TYPE;

/** The UDP port of servers and relays. */
export const SERVER_PORT = 67;
/** The UDP port of clients. */
export const CLIENT_PORT = 68;

/**
 * A DHCP message. Its fields have the names in RFC 2131 section 2:
 *
 * ```text
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   |     op (1)    |   htype (1)   |   hlen (1)    |   hops (1)    |
 *   |                            xid (4)                            |
 *   |           secs (2)            |           flags (2)           |
 *   |                          ciaddr  (4)                          |
 *   |                          yiaddr  (4)                          |
 *   |                          siaddr  (4)                          |
 *   |                          giaddr  (4)                          |
 *   |                          chaddr  (16)                         |
 *   |                          sname   (64)                         |
 *   |                          file    (128)                        |
 *   |                          magic cookie (4), options (variable) |
 * ```
 */
export interface DhcpMessage {
  readonly op: number;
  readonly htype: number;
  readonly hops: number;
  readonly xid: number;
  /** Seconds since the client began to acquire or renew its address. */
  readonly secs: number;
  /** 16 bits; see {@link BROADCAST_FLAG}. */
  readonly flags: number;
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly siaddr: Ipv4Address;
  readonly giaddr: Ipv4Address;
  /**
   * The hardware address of the client, at most 16 bytes; empty on links with longer ones (RFC
   * 4390).
   */
  readonly chaddr: Uint8Array;
  /**
   * The host name of the server without final NULs, at most 64 bytes; empty if the field holds
   * options.
   */
  readonly sname: Uint8Array;
  /**
   * The name of the boot file without final NULs, at most 128 bytes; empty if the field holds
   * options.
   */
  readonly file: Uint8Array;
  readonly options: DhcpOptions;
}

/** The BROADCAST bit of `flags` (RFC 2131 figure 2). */
export const BROADCAST_FLAG = 0x8000;

const CHADDR_WIDTH = 16;
const SNAME_WIDTH = 64;
const FILE_WIDTH = 128;
const MAGIC_COOKIE = 0x63825363;
/**
 * Some relays and servers drop messages shorter than BOOTP (RFC 951 section 3, RFC 1542 section
 * 2.1).
 */
const MIN_MESSAGE = 300;

/**
 * Decodes a message. The result shares no memory with `bytes`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeMessage } from "./dhcp_message.ts";
 *
 * const bytes = new Uint8Array(244);
 * bytes.set([2, 1, 6]); // op: BOOTREPLY, htype: Ethernet, hlen
 * bytes.set([192, 0, 2, 50], 16); // yiaddr
 * bytes.set([0x63, 0x82, 0x53, 0x63], 236); // magic cookie
 * bytes.set([53, 1, 2, 255], 240); // DHCPOFFER, End
 *
 * const { yiaddr, options } = decodeMessage(bytes);
 * assertEquals(yiaddr, { family: 4, value: 0xc0000232n });
 * assertEquals(options, new Map([[53, Uint8Array.of(2)]]));
 * ```
 *
 * @param bytes The payload of a UDP datagram: any bytes of any length.
 * @throws {DecodeError} if the message is shorter than the header, has no magic cookie, as plain
 * BOOTP, has an `hlen` above 16, or has malformed options.
 */
export function decodeMessage(bytes: Uint8Array): DhcpMessage {
  const reader = new ByteReader(bytes);
  const op = reader.u8("op");
  const htype = reader.u8("htype");
  const hlen = reader.u8("hlen");
  if (hlen > CHADDR_WIDTH) {
    throw new DecodeError(
      `Cannot decode hlen ${hlen}: expected at most ${CHADDR_WIDTH}`,
      "2",
    );
  }
  const hops = reader.u8("hops");
  const xid = reader.u32("xid");
  const secs = reader.u16("secs");
  const flags = reader.u16("flags");
  const ciaddr = readIpv4(reader, "ciaddr");
  const yiaddr = readIpv4(reader, "yiaddr");
  const siaddr = readIpv4(reader, "siaddr");
  const giaddr = readIpv4(reader, "giaddr");
  const chaddr = reader.bytes(CHADDR_WIDTH, "chaddr").slice(0, hlen);
  const sname = reader.bytes(SNAME_WIDTH, "sname");
  const file = reader.bytes(FILE_WIDTH, "file");
  const cookie = reader.u32("magic cookie");
  if (cookie !== MAGIC_COOKIE) {
    throw new DecodeError(
      `Cannot decode magic cookie 0x${
        cookie.toString(16)
      }: expected 0x63825363`,
      String(reader.offset - 4),
    );
  }
  const decoded = decodeOptions({ options: reader.rest(), file, sname });
  return {
    op,
    htype,
    hops,
    xid,
    secs,
    flags,
    ciaddr,
    yiaddr,
    siaddr,
    giaddr,
    chaddr,
    sname: decoded.isSnameOverloaded ? new Uint8Array() : upToNul(sname),
    file: decoded.isFileOverloaded ? new Uint8Array() : upToNul(file),
    options: decoded.options,
  };
}

/**
 * Encodes a message, padded to 300 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { UNSPECIFIED_ADDRESS } from "../../net/ipv4_address.ts";
 * import { decodeMessage, encodeMessage, MESSAGE_TYPE, OP } from "./dhcp_message.ts";
 *
 * const discover = {
 *   op: OP.bootRequest,
 *   htype: 1,
 *   hops: 0,
 *   xid: 0x3903f326,
 *   secs: 0,
 *   flags: 0,
 *   ciaddr: UNSPECIFIED_ADDRESS,
 *   yiaddr: UNSPECIFIED_ADDRESS,
 *   siaddr: UNSPECIFIED_ADDRESS,
 *   giaddr: UNSPECIFIED_ADDRESS,
 *   chaddr: Uint8Array.of(0x02, 0x00, 0x5e, 0x10, 0x00, 0x01),
 *   sname: new Uint8Array(),
 *   file: new Uint8Array(),
 *   options: new Map([[53, Uint8Array.of(MESSAGE_TYPE.DISCOVER)]]),
 * };
 * const bytes = encodeMessage(discover);
 * assertEquals(bytes.length, 300);
 * assertEquals(decodeMessage(bytes), discover);
 * ```
 *
 * @returns New bytes, more than 300 only if the options need them.
 * @throws {RangeError} if a value does not fit its field or an option cannot be sent.
 */
export function encodeMessage(message: DhcpMessage): Uint8Array {
  const writer = new ByteWriter()
    .u8(message.op)
    .u8(message.htype)
    .u8(message.chaddr.length)
    .u8(message.hops)
    .u32(message.xid)
    .u16(message.secs)
    .u16(message.flags);
  writeIpv4(writer, message.ciaddr);
  writeIpv4(writer, message.yiaddr);
  writeIpv4(writer, message.siaddr);
  writeIpv4(writer, message.giaddr);
  writer
    .padded(message.chaddr, CHADDR_WIDTH)
    .padded(message.sname, SNAME_WIDTH)
    .padded(message.file, FILE_WIDTH)
    .u32(MAGIC_COOKIE);
  encodeOptions(message.options, writer);
  return writer.zeros(Math.max(0, MIN_MESSAGE - writer.length)).finish();
}

/**
 * Returns the name of a message type.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { messageTypeName } from "./dhcp_message.ts";
 *
 * assertEquals(messageTypeName(1), "DISCOVER");
 * assertEquals(messageTypeName(9), undefined);
 * ```
 *
 * @param value The value of option 53.
 * @returns The name, or undefined if RFC 2132 section 9.6 has none.
 */
export function messageTypeName(value: number): MessageTypeName | undefined {
  const names = Object.keys(MESSAGE_TYPE) as MessageTypeName[];
  return names.find((name) => MESSAGE_TYPE[name] === value);
}

function upToNul(field: Uint8Array): Uint8Array {
  const end = field.indexOf(0);
  return end < 0 ? field : field.slice(0, end);
}
