/**
 * `struct sockaddr_*` of the socket families in use: encoded to bind and send, decoded on receipt.
 *
 * @module
 */

import { viewOf } from "../base/bytes.ts";
import { SystemError } from "../base/errors.ts";
import { isAbstract } from "../base/socket_name.ts";
import { type Ipv4Address, ipv4Bits } from "../net/ipv4_address.ts";
import { pinnedBytes } from "./libc.ts";

/** Socket families. */
export const AF = { UNIX: 1, INET: 2, NETLINK: 16, PACKET: 17 } as const;

const SOCKADDR_IN = 16;

/**
 * ```text
 * struct sockaddr_ll { u16 family; be16 protocol; i32 ifindex; u16 hatype; u8 pkttype; u8 halen;
 *   u8 addr[8 or halen]; }
 * ```
 */
const SOCKADDR_LL = 12;
const HALEN_OFFSET = 11;
const MIN_HARDWARE_ADDRESS = 8;

/**
 * ```text
 * struct sockaddr_nl { u16 family; u16 pad; u32 pid; u32 groups; }
 * ```
 */
const SOCKADDR_NL = 12;

/**
 * ```text
 * struct sockaddr_un { u16 family; char path[108]; }
 * ```
 * The path of a file ends in a NUL. The name of an abstract socket begins with one and has the
 * rest of the structure (unix(7)).
 */
export const SOCKADDR_UN = 110;
const SUN_PATH = 2;
const MAX_PATH_BYTES = 107;
const MAX_ABSTRACT_BYTES = 108;

/** Encodes `struct sockaddr_in { u16 family; be16 port; be32 addr; u8 zero[8]; }`. */
export function inetAddress(
  address: Ipv4Address,
  port: number,
): Uint8Array<ArrayBuffer> {
  const bytes = pinnedBytes(SOCKADDR_IN);
  const view = viewOf(bytes);
  view.setUint16(0, AF.INET, true);
  view.setUint16(2, port);
  view.setUint32(4, ipv4Bits(address));
  return bytes;
}

/** Encodes `struct sockaddr_ll`. @param hardwareAddress Empty to bind to the interface. */
export function linkLayerAddress({ etherType, ifIndex, hardwareAddress }: {
  readonly etherType: number;
  readonly ifIndex: number;
  readonly hardwareAddress: Uint8Array;
}): Uint8Array<ArrayBuffer> {
  const bytes = pinnedBytes(
    SOCKADDR_LL + Math.max(MIN_HARDWARE_ADDRESS, hardwareAddress.length),
  );
  const view = viewOf(bytes);
  view.setUint16(0, AF.PACKET, true);
  view.setUint16(2, etherType);
  view.setInt32(4, ifIndex, true);
  view.setUint8(HALEN_OFFSET, hardwareAddress.length);
  bytes.set(hardwareAddress, SOCKADDR_LL);
  return bytes;
}

/** Returns the hardware address in a `struct sockaddr_ll`, as a view; empty if there is none. */
export function hardwareAddressOf(sockaddr: Uint8Array): Uint8Array {
  const length = sockaddr[HALEN_OFFSET] ?? 0;
  return sockaddr.subarray(SOCKADDR_LL, SOCKADDR_LL + length);
}

/** Encodes `struct sockaddr_nl`. @param groups Multicast groups to join, as bits. */
export function netlinkAddress(groups: number): Uint8Array<ArrayBuffer> {
  const bytes = pinnedBytes(SOCKADDR_NL);
  const view = viewOf(bytes);
  view.setUint16(0, AF.NETLINK, true);
  view.setUint32(8, groups, true);
  return bytes;
}

/**
 * Returns the port id in a `struct sockaddr_nl`; undefined if it is cut short. The kernel's own is
 * 0.
 */
export function netlinkPortId(sockaddr: Uint8Array): number | undefined {
  return sockaddr.length < SOCKADDR_NL
    ? undefined
    : viewOf(sockaddr).getUint32(4, true);
}

/**
 * Encodes `struct sockaddr_un`.
 *
 * @param name A path, or `@` and the name of an abstract socket.
 * @throws {SystemError} if it is empty, too long, or contains a NUL.
 */
export function unixAddress(name: string): Uint8Array<ArrayBuffer> {
  const encoded = new TextEncoder().encode(name);
  const { length } = encoded;
  const maximum = isAbstract(name) ? MAX_ABSTRACT_BYTES : MAX_PATH_BYTES;
  if (length === 0 || length > maximum || encoded.includes(0)) {
    throw new SystemError(
      `socket name has ${length} bytes, expected 1 to ${maximum} without a NUL`,
    );
  }
  const bytes = pinnedBytes(isAbstract(name) ? SUN_PATH + length : SOCKADDR_UN);
  viewOf(bytes).setUint16(0, AF.UNIX, true);
  bytes.set(encoded, SUN_PATH);
  if (isAbstract(name)) bytes.set([0], SUN_PATH);
  return bytes;
}

/** Returns the path in a `struct sockaddr_un`, up to its NUL; empty for a socket without a name. */
export function unixPathOf(sockaddr: Uint8Array): string {
  const path = sockaddr.subarray(SUN_PATH);
  const end = path.indexOf(0);
  return new TextDecoder().decode(end < 0 ? path : path.subarray(0, end));
}
