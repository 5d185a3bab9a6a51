/** Which addresses the hosts of a subnet can have (RFC 1122 section 3.2.1.3). Pure. @module */

import { type Ipv4Cidr, lastAddress, networkAddress } from "./cidr.ts";
import { sameAddress } from "./ip_address.ts";
import { type Ipv4Address, isHostAddress } from "./ipv4_address.ts";

/** A /31 and a /32 have neither a network nor a broadcast address (RFC 3021). */
const MAX_PREFIX_LENGTH = 30;

/**
 * Returns whether a single host, in the subnet or beyond it, can have the address: it is neither
 * the network address nor the broadcast address of the subnet, and {@link isHostAddress}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipv4FromBits } from "./ipv4_address.ts";
 *
 * const subnet = { address: ipv4FromBits(0xc0000232), prefixLength: 24 };
 * assertEquals(isAddressOfHost(ipv4FromBits(0xc00002ff), subnet), false);
 * assertEquals(isAddressOfHost(ipv4FromBits(0xc00003ff), subnet), true);
 * ```
 */
export function isAddressOfHost(
  address: Ipv4Address,
  subnet: Ipv4Cidr,
): boolean {
  if (!isHostAddress(address)) return false;
  return subnet.prefixLength > MAX_PREFIX_LENGTH ||
    !sameAddress(address, networkAddress(subnet)) &&
      !sameAddress(address, lastAddress(subnet));
}

/**
 * Returns whether a host other than the client can have the address, such as a router or a server.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipv4FromBits } from "./ipv4_address.ts";
 *
 * const client = { address: ipv4FromBits(0xc0000232), prefixLength: 24 };
 * assertEquals(isAddressOfOther(ipv4FromBits(0xc0000201), client), true);
 * assertEquals(isAddressOfOther(ipv4FromBits(0xc0000232), client), false);
 * ```
 *
 * @param client The address of the client, and its subnet.
 */
export function isAddressOfOther(
  address: Ipv4Address,
  client: Ipv4Cidr,
): boolean {
  return isAddressOfHost(address, client) &&
    !sameAddress(address, client.address);
}
