/** IPv4 addresses of interfaces in rtnetlink (rtnetlink(7), linux/if_addr.h). Pure. @module */

import { concatBytes, viewOf } from "../base/bytes.ts";
import { DecodeError } from "../base/errors.ts";
import { type Ipv4Cidr, lastAddress } from "../net/cidr.ts";
import {
  type Ipv4Address,
  ipv4Bits,
  ipv4FromBits,
} from "../net/ipv4_address.ts";
import {
  decodeAttributes,
  encodeAttributes,
  wrongLength,
} from "./attribute.ts";

const AF_INET = 2;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;

/**
 * ```text
 * struct ifaddrmsg { u8 family; u8 prefixlen; u8 flags; u8 scope; u32 index; }
 * ```
 */
const IFADDRMSG = 8;

/** Networks with this prefix length or a longer one have no broadcast address (RFC 3021). */
const POINT_TO_POINT_PREFIX = 31;

/** An address on an interface. */
export interface InterfaceAddress extends Ipv4Cidr {
  /** Index of the interface. */
  readonly ifIndex: number;
}

/** Encodes an address as the 4 bytes of an attribute, in network byte order. */
export function ipv4Bytes(address: Ipv4Address): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, ipv4Bits(address));
  return bytes;
}

/**
 * Decodes the attribute `type` as an address.
 *
 * @returns Undefined if there is no such attribute.
 * @throws {DecodeError} if its value is not 4 bytes long.
 */
export function ipv4Attribute(
  attributes: ReadonlyMap<number, Uint8Array>,
  type: number,
): Ipv4Address | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  if (value.length !== 4) throw wrongLength(type, value);
  return ipv4FromBits(viewOf(value).getUint32(0));
}

/** Encodes the body of a request that lists all IPv4 addresses. */
export function encodeAddressDump(): Uint8Array {
  return Uint8Array.of(AF_INET, 0, 0, 0, 0, 0, 0, 0);
}

/**
 * Encodes the body of a request that adds or removes an address. It carries the broadcast address
 * of the network, if the network has one.
 */
export function encodeAddress(
  { ifIndex, address, prefixLength }: InterfaceAddress,
): Uint8Array {
  const header = new Uint8Array(IFADDRMSG);
  const view = viewOf(header);
  view.setUint8(0, AF_INET);
  view.setUint8(1, prefixLength);
  view.setUint32(4, ifIndex, true);
  const bytes = ipv4Bytes(address);
  const broadcast = lastAddress({ address, prefixLength });
  return concatBytes([
    header,
    encodeAttributes([
      [IFA_LOCAL, bytes],
      [IFA_ADDRESS, bytes],
      ...(prefixLength < POINT_TO_POINT_PREFIX
        ? [[
          IFA_BROADCAST,
          ipv4Bytes({ family: 4, value: broadcast.value }),
        ]] as const
        : []),
    ]),
  ]);
}

/**
 * Decodes the body of an RTM_NEWADDR or RTM_DELADDR.
 *
 * @returns Undefined if the address is not IPv4.
 * @throws {DecodeError} if the body is malformed.
 */
export function decodeAddress(body: Uint8Array): InterfaceAddress | undefined {
  if (body.length < IFADDRMSG) {
    throw new DecodeError(
      `Cannot decode an address: ${body.length} bytes, expected at least ${IFADDRMSG}`,
      "0",
    );
  }
  const view = viewOf(body);
  if (view.getUint8(0) !== AF_INET) return undefined;
  const attributes = decodeAttributes(body.subarray(IFADDRMSG));
  // On a point-to-point link IFA_ADDRESS is the address of the peer.
  const address = ipv4Attribute(attributes, IFA_LOCAL) ??
    ipv4Attribute(attributes, IFA_ADDRESS);
  if (address === undefined) return undefined;
  const prefixLength = view.getUint8(1);
  if (prefixLength > 32) {
    throw new DecodeError(
      `Cannot decode prefix length ${prefixLength}: expected 0 to 32`,
      "1",
    );
  }
  return { ifIndex: view.getUint32(4, true), address, prefixLength };
}
