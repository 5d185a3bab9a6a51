/** IPv4 addresses as protocol fields of 4 bytes. Pure. @module */

import type { ByteReader } from "../base/byte_reader.ts";
import type { ByteWriter } from "../base/byte_writer.ts";
import type { IpAddress } from "./ip_address.ts";

/** An address whose family is known to be 4. */
export type Ipv4Address = IpAddress & { readonly family: 4 };

/** 0.0.0.0, "this host" (RFC 1122 section 3.2.1.3); in DHCP fields "not given". */
export const UNSPECIFIED_ADDRESS: Ipv4Address = { family: 4, value: 0n };

/** 255.255.255.255, every host of the link (RFC 919 section 7). */
export const LIMITED_BROADCAST: Ipv4Address = {
  family: 4,
  value: 0xffffffffn,
};

/** The address with these 32 bits. @param bits Unsigned. */
export function ipv4FromBits(bits: number): Ipv4Address {
  return { family: 4, value: BigInt(bits) };
}

/** The 32 bits of `address`, unsigned. */
export function ipv4Bits(address: Ipv4Address): number {
  return Number(address.value);
}

/** Reads 4 bytes. @throws {DecodeError} if fewer are left. */
export function readIpv4(reader: ByteReader, field: string): Ipv4Address {
  return ipv4FromBits(reader.u32(field));
}

/** Appends 4 bytes. */
export function writeIpv4(writer: ByteWriter, address: Ipv4Address): void {
  writer.u32(ipv4Bits(address));
}

/** Whether one host can own the address: not 0/8, not loopback, not multicast, not reserved (RFC 1122 section 3.2.1.3). */
export function isHostAddress({ value }: Ipv4Address): boolean {
  const firstOctet = Number(value >> 24n);
  return firstOctet !== 0 && firstOctet !== 127 && firstOctet < 224;
}

/**
 * The prefix length of a subnet mask.
 *
 * @returns 0 to 32, or undefined if the one bits are not all in front (RFC 4632 section 5.1).
 */
export function prefixLengthOfMask(mask: Ipv4Address): number | undefined {
  const inverted = ~ipv4Bits(mask) >>> 0;
  // A run of ones at the end plus one is a power of two (or 2^32, for mask 0).
  const hostBits = Math.log2(inverted + 1);
  return Number.isInteger(hostBits) ? 32 - hostBits : undefined;
}

/** The subnet mask of a prefix length. @param prefixLength 0 to 32. */
export function maskOfPrefixLength(prefixLength: number): Ipv4Address {
  return ipv4FromBits(2 ** 32 - 2 ** (32 - prefixLength));
}
