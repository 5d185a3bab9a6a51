/** IPv4 routes of the main table in rtnetlink (rtnetlink(7), linux/rtnetlink.h). Pure. @module */

import { concatBytes, viewOf } from "../base/bytes.ts";
import type { Ipv4Cidr } from "../net/cidr.ts";
import type { Ipv4Address } from "../net/ipv4_address.ts";
import { ipv4Bytes } from "./address_message.ts";
import { type Attribute, encodeAttributes, u32Bytes } from "./attribute.ts";

const AF_INET = 2;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;

const RT_TABLE_MAIN = 254;
/** Installed by a DHCP client; `ip route` shows `proto dhcp`. */
const RTPROT_DHCP = 16;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
/** In a request to remove a route: any scope. */
const RT_SCOPE_NOWHERE = 255;
const RTN_UNICAST = 1;
const RTNH_F_ONLINK = 4;

/**
 * ```text
 * struct rtmsg { u8 family; u8 dst_len; u8 src_len; u8 tos;
 *   u8 table; u8 protocol; u8 scope; u8 type; u32 flags; }
 * ```
 */
const RTMSG = 12;

/** A route through an interface. */
export interface Ipv4Route {
  /** Index of the interface. */
  readonly ifIndex: number;
  /** Destination network; host bits must be zero. */
  readonly dst: Ipv4Cidr;
  /** The router; undefined if the destination is on the link itself. */
  readonly gw: Ipv4Address | undefined;
  /** The route with the lowest metric is used. 0 is the kernel's default. */
  readonly metric: number;
}

/**
 * Encodes the body of a request that adds a route. The router is taken to be on the link even if no
 * subnet of the interface contains it.
 */
export function encodeNewRoute(route: Ipv4Route): Uint8Array {
  const header = encodeHeader(route);
  header[5] = RTPROT_DHCP;
  header[6] = route.gw === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header[7] = RTN_UNICAST;
  const flags = route.gw === undefined ? 0 : RTNH_F_ONLINK;
  viewOf(header).setUint32(8, flags, true);
  return concatBytes([header, encodeRouteAttributes(route)]);
}

/** Encodes the body of a request that removes a route, whichever program installed it. */
export function encodeOldRoute(route: Ipv4Route): Uint8Array {
  const header = encodeHeader(route);
  header[6] = RT_SCOPE_NOWHERE;
  return concatBytes([header, encodeRouteAttributes(route)]);
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
