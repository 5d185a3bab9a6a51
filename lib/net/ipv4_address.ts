/** IPv4 addresses as 4-byte protocol fields. Pure. @module */

import type { ByteReader } from "../base/byte_reader.ts";
import type { ByteWriter } from "../base/byte_writer.ts";
import type { IpAddress } from "./ip_address.ts";

/** An address of family 4. */
export type Ipv4Address = IpAddress & { readonly family: 4 };

/** 0.0.0.0, "this host" (RFC 1122 section 3.2.1.3). In a DHCP field it means "not given". */
export const UNSPECIFIED_ADDRESS: Ipv4Address = { family: 4, value: 0n };

/** 255.255.255.255, every host on the link (RFC 919 section 7). */
export const LIMITED_BROADCAST: Ipv4Address = {
  family: 4,
  value: 0xffffffffn,
};

/**
 * Returns the address with these 32 bits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ipv4FromBits(0xc0000201), { family: 4, value: 0xc0000201n });
 * ```
 *
 * @param bits Unsigned.
 */
export function ipv4FromBits(bits: number): Ipv4Address {
  return { family: 4, value: BigInt(bits) };
}

/**
 * Returns the 32 bits of an address, unsigned.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ipv4Bits(LIMITED_BROADCAST), 0xffffffff);
 * ```
 */
export function ipv4Bits(address: Ipv4Address): number {
  return Number(address.value);
}

/**
 * Reads an address of 4 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteReader } from "../base/byte_reader.ts";
 *
 * const reader = new ByteReader(Uint8Array.of(192, 0, 2, 1));
 * assertEquals(readIpv4(reader, "router"), ipv4FromBits(0xc0000201));
 * ```
 *
 * @param field Name of the field, for the error message.
 * @throws {DecodeError} if fewer than 4 bytes are left.
 */
export function readIpv4(reader: ByteReader, field: string): Ipv4Address {
  return ipv4FromBits(reader.u32(field));
}

/**
 * Appends an address as 4 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteWriter } from "../base/byte_writer.ts";
 *
 * const writer = new ByteWriter();
 * writeIpv4(writer, ipv4FromBits(0xc0000201));
 * assertEquals(writer.finish(), Uint8Array.of(192, 0, 2, 1));
 * ```
 */
export function writeIpv4(writer: ByteWriter, address: Ipv4Address): void {
  writer.u32(ipv4Bits(address));
}

/**
 * Returns whether a single host can have the address: it is not in 0/8, loopback, multicast or
 * reserved (RFC 1122 section 3.2.1.3).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isHostAddress(ipv4FromBits(0xc0000201)), true);
 * assertEquals(isHostAddress(LIMITED_BROADCAST), false);
 * ```
 */
export function isHostAddress({ value }: Ipv4Address): boolean {
  const firstOctet = Number(value >> 24n);
  return firstOctet !== 0 && firstOctet !== 127 && firstOctet < 224;
}

/**
 * Returns the prefix length of a subnet mask.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(prefixLengthOfMask(ipv4FromBits(0xffffff00)), 24);
 * assertEquals(prefixLengthOfMask(ipv4FromBits(0xff00ff00)), undefined);
 * ```
 *
 * @returns 0 to 32, or undefined if the one bits are not contiguous (RFC 4632 section 5.1).
 */
export function prefixLengthOfMask(mask: Ipv4Address): number | undefined {
  const inverted = ~ipv4Bits(mask) >>> 0;
  // A run of ones at the end, plus one, is a power of two (2^32 for mask 0).
  const hostBits = Math.log2(inverted + 1);
  return Number.isInteger(hostBits) ? 32 - hostBits : undefined;
}

/**
 * Returns the subnet mask of a prefix length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(maskOfPrefixLength(24), ipv4FromBits(0xffffff00));
 * ```
 *
 * @param prefixLength 0 to 32.
 */
export function maskOfPrefixLength(prefixLength: number): Ipv4Address {
  return ipv4FromBits(2 ** 32 - 2 ** (32 - prefixLength));
}
