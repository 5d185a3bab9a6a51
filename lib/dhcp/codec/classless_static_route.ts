/** The Classless Static Route option, code 121 (RFC 3442). Pure. @module */

import type { ByteReader } from "../../base/byte_reader.ts";
import type { ByteWriter } from "../../base/byte_writer.ts";
import { DecodeError } from "../../base/errors.ts";
import type { Cidr } from "../../net/cidr.ts";
import {
  type Ipv4Address,
  ipv4Bits,
  ipv4FromBits,
  readIpv4,
  writeIpv4,
} from "../../net/ipv4_address.ts";

/** A route as the server sent it; the host bits of the destination may be set. */
export interface ClasslessRoute {
  readonly destination: Cidr & { readonly address: Ipv4Address };
  /**
   * The next hop; 0.0.0.0 if the destination is on the link itself (RFC 3442, "Local Subnet
   * Routes").
   */
  readonly router: Ipv4Address;
}

/**
 * Decodes at least one route. A destination descriptor is the prefix length, followed by only the
 * significant octets of the subnet number:
 *
 * ```text
 *   10.17.0.0/16 via 192.0.2.1  =  10 0a 11 c0 00 02 01
 * ```
 *
 * @throws {DecodeError} if a prefix length exceeds 32 or a route is truncated.
 */
export function decodeClasslessRoutes(
  reader: ByteReader,
): readonly ClasslessRoute[] {
  const routes: ClasslessRoute[] = [];
  do {
    routes.push(decodeRoute(reader));
  } while (reader.remaining > 0);
  return routes;
}

/** Encodes routes in order; octets that are not significant are left out. */
export function encodeClasslessRoutes(
  routes: readonly ClasslessRoute[],
  writer: ByteWriter,
): void {
  for (const { destination, router } of routes) {
    const { address, prefixLength } = destination;
    writer.u8(prefixLength);
    const bits = ipv4Bits(address);
    for (let octet = 0; octet < significantOctets(prefixLength); octet++) {
      writer.u8((bits >>> (24 - octet * 8)) & 0xff);
    }
    writeIpv4(writer, router);
  }
}

function decodeRoute(reader: ByteReader): ClasslessRoute {
  const at = String(reader.offset);
  const prefixLength = reader.u8("width of subnet mask");
  if (prefixLength > 32) {
    throw new DecodeError(
      `Cannot decode width of subnet mask ${prefixLength}: expected at most 32`,
      at,
    );
  }
  const octets = reader.bytes(significantOctets(prefixLength), "subnet number");
  const bits = octets.reduce(
    (value, octet, index) => value + octet * 2 ** (24 - index * 8),
    0,
  );
  const router = readIpv4(reader, "router");
  return { destination: { address: ipv4FromBits(bits), prefixLength }, router };
}

function significantOctets(prefixLength: number): number {
  return Math.ceil(prefixLength / 8);
}
