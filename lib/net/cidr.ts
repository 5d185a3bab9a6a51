/**
 * CIDR notation (RFC 4632, RFC 4291 section 2.3): an address with a prefix length. Pure.
 *
 * @module
 */

import {
  addressBits,
  formatIpAddress,
  type IpAddress,
  isMapped,
  parseAnyFamily,
  unmap,
} from "./ip_address.ts";
import type { Ipv4Address } from "./ipv4_address.ts";

/** An address and the length of its network prefix. Host bits are kept. */
export interface Cidr {
  readonly address: IpAddress;
  /** 0 to the number of bits of the address. */
  readonly prefixLength: number;
}

/** An IPv4 address and the length of its network prefix. */
export interface Ipv4Cidr extends Cidr {
  readonly address: Ipv4Address;
}

/**
 * Parses `address/length` without changing its family.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const address = { family: 4, value: 0xc0000207n } as const;
 * assertEquals(parseCidr("192.0.2.7/24"), { address, prefixLength: 24 });
 * assertEquals(parseCidr("192.0.2.7/33"), undefined);
 * ```
 *
 * @returns Undefined if `text` is not CIDR notation.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.lastIndexOf("/");
  if (slash < 0) return undefined;
  const address = parseAnyFamily(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^[0-9]{1,3}$/.test(length)) return undefined;
  const prefixLength = Number(length);
  return prefixLength > addressBits(address.family)
    ? undefined
    : { address, prefixLength };
}

/**
 * Turns an IPv4-mapped network into the IPv4 network, as upstream does where it prints one. Returns
 * any other network unchanged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const mapped = parseCidr("::ffff:10.0.0.0/120");
 * assertEquals(mapped && formatCidr(unmapCidr(mapped)), "10.0.0.0/24");
 * ```
 */
export function unmapCidr(cidr: Cidr): Cidr {
  if (!isMapped(cidr.address)) return cidr;
  const prefixLength = Math.max(0, cidr.prefixLength - 96);
  return { address: unmap(cidr.address), prefixLength };
}

/**
 * Formats the canonical text of the address, a slash and the prefix length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const address = { family: 4, value: 0xc0000207n } as const;
 * assertEquals(formatCidr({ address, prefixLength: 24 }), "192.0.2.7/24");
 * ```
 */
export function formatCidr({ address, prefixLength }: Cidr): string {
  return `${formatIpAddress(address)}/${prefixLength}`;
}

function hostMask({ address, prefixLength }: Cidr): bigint {
  return (1n << BigInt(addressBits(address.family) - prefixLength)) - 1n;
}

/**
 * Returns the first address of the network: all host bits are zero.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatIpAddress } from "./ip_address.ts";
 *
 * const cidr = parseCidr("192.0.2.7/24");
 * assertEquals(cidr && formatIpAddress(networkAddress(cidr)), "192.0.2.0");
 * ```
 */
export function networkAddress(cidr: Cidr): IpAddress {
  return {
    family: cidr.address.family,
    value: cidr.address.value & ~hostMask(cidr),
  };
}

/**
 * Returns the last address of the network: all host bits are one. In an IPv4 subnet it is the
 * broadcast address.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatIpAddress } from "./ip_address.ts";
 *
 * const cidr = parseCidr("192.0.2.7/24");
 * assertEquals(cidr && formatIpAddress(lastAddress(cidr)), "192.0.2.255");
 * ```
 */
export function lastAddress(cidr: Cidr): IpAddress {
  return {
    family: cidr.address.family,
    value: cidr.address.value | hostMask(cidr),
  };
}

/**
 * Returns whether the network contains `address`. It never contains an address of the other family.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const cidr = { address: { family: 4, value: 0xc0000200n }, prefixLength: 24 } as const;
 * assertEquals(cidrContains(cidr, { family: 4, value: 0xc00002ffn }), true);
 * assertEquals(cidrContains(cidr, { family: 6, value: 0xc00002ffn }), false);
 * ```
 */
export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  return address.family === cidr.address.family &&
    (address.value | hostMask(cidr)) === (cidr.address.value | hostMask(cidr));
}
