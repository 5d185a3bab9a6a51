/** IPv4 routes of the main table in rtnetlink (rtnetlink(7), linux/rtnetlink.h). Pure. @module */

import { DecodeError } from "../base/errors.ts";
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from "../net/ipv4_address.ts";
import { ipv4Attribute, ipv4Bytes, type Ipv4Cidr } from "./address_message.ts";
import {
  type Attribute,
  concatBytes,
  decodeAttributes,
  encodeAttributes,
  u32Attribute,
  u32Bytes,
  viewOf,
} from "./attribute.ts";

const AF_INET = 2;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_TABLE = 15;

const RT_TABLE_MAIN = 254;
/** Installed by a DHCP client; `ip route` shows `proto dhcp`. */
const RTPROT_DHCP = 16;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
/** In a request to delete: any scope. */
const RT_SCOPE_NOWHERE = 255;
const RTN_UNICAST = 1;
const RTNH_F_ONLINK = 4;

/**
 * ```text
 * struct rtmsg { u8 family; u8 dst_len; u8 src_len; u8 tos; u8 table; u8 protocol; u8 scope; u8 type; u32 flags; }
 * ```
 */
const RTMSG = 12;

/** A route through an interface. */
export interface Ipv4Route {
  /** Number of the interface. */
  readonly ifIndex: number;
  /** Destination network; host bits must be zero. */
  readonly dst: Ipv4Cidr;
  /** The router; undefined if the destination is on the link itself. */
  readonly gw: Ipv4Address | undefined;
  /** Lower wins. 0 is the kernel's default. */
  readonly metric: number;
}

/** The body of a request for all IPv4 routes. */
export function encodeRouteDump(): Uint8Array {
  const header = new Uint8Array(RTMSG);
  header[0] = AF_INET;
  return header;
}

/** The body of a request to add a route. The router counts as on the link even if no subnet there holds it. */
export function encodeNewRoute(route: Ipv4Route): Uint8Array {
  const header = encodeHeader(route);
  header[5] = RTPROT_DHCP;
  header[6] = route.gw === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header[7] = RTN_UNICAST;
  const flags = route.gw === undefined ? 0 : RTNH_F_ONLINK;
  viewOf(header).setUint32(8, flags, true);
  return concatBytes([header, encodeRouteAttributes(route)]);
}

/** The body of a request to remove a route, whoever installed it. */
export function encodeOldRoute(route: Ipv4Route): Uint8Array {
  const header = encodeHeader(route);
  header[6] = RT_SCOPE_NOWHERE;
  return concatBytes([header, encodeRouteAttributes(route)]);
}

/**
 * The body of an RTM_NEWROUTE or RTM_DELROUTE.
 *
 * @returns Undefined if it is not a unicast route of the main table through one interface.
 * @throws {DecodeError} if it is malformed.
 */
export function decodeRoute(body: Uint8Array): Ipv4Route | undefined {
  if (body.length < RTMSG) {
    throw new DecodeError(`Cannot decode a route: ${body.length} bytes`, "0");
  }
  const view = viewOf(body);
  const attributes = decodeAttributes(body.subarray(RTMSG));
  const table = u32Attribute(attributes, RTA_TABLE) ?? view.getUint8(4);
  const ifIndex = u32Attribute(attributes, RTA_OIF);
  const isOurs = view.getUint8(0) === AF_INET && table === RT_TABLE_MAIN &&
    view.getUint8(7) === RTN_UNICAST;
  if (!isOurs || ifIndex === undefined) return undefined;
  const prefixLength = view.getUint8(1);
  if (prefixLength > 32) {
    throw new DecodeError(`Cannot decode prefix length ${prefixLength}`, "1");
  }
  const address = ipv4Attribute(attributes, RTA_DST) ?? UNSPECIFIED_ADDRESS;
  return {
    ifIndex,
    dst: { address, prefixLength },
    gw: ipv4Attribute(attributes, RTA_GATEWAY),
    metric: u32Attribute(attributes, RTA_PRIORITY) ?? 0,
  };
}

function encodeHeader({ dst }: Ipv4Route): Uint8Array {
  const header = new Uint8Array(RTMSG);
  header[0] = AF_INET;
  header[1] = dst.prefixLength;
  header[4] = RT_TABLE_MAIN;
  return header;
}

function encodeRouteAttributes(
  { ifIndex, dst, gw, metric }: Ipv4Route,
): Uint8Array {
  const attributes: Attribute[] = [
    [RTA_DST, ipv4Bytes(dst.address)],
    [RTA_OIF, u32Bytes(ifIndex)],
    [RTA_PRIORITY, u32Bytes(metric)],
  ];
  if (gw !== undefined) attributes.push([RTA_GATEWAY, ipv4Bytes(gw)]);
  return encodeAttributes(attributes);
}
