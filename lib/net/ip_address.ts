/** IP addresses as exact integers: parsing, canonical text (RFC 5952) and order. Pure. @module */

/** The IP version. */
export type Family = 4 | 6;

/** An address: its family, and its 32 or 128 bits as an unsigned integer. */
export interface IpAddress {
  readonly family: Family;
  readonly value: bigint;
}

const DECIMAL_OCTET = /^(0|[1-9][0-9]{0,2})$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;
const MAPPED_PREFIX = 0xffffn << 32n;

/**
 * Returns the number of bits of an address.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([addressBits(4), addressBits(6)], [32, 128]);
 * ```
 */
export function addressBits(family: Family): number {
  return family === 4 ? 32 : 128;
}

/**
 * Returns the highest value of an address.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(lastValue(4), 0xffffffffn);
 * ```
 */
export function lastValue(family: Family): bigint {
  return (1n << BigInt(addressBits(family))) - 1n;
}

function parseIpv4Value(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) return undefined;
  let value = 0;
  for (const octet of octets) {
    // A leading zero is refused, because some parsers read it as octal (RFC 6943 section 3.1.1).
    if (!DECIMAL_OCTET.test(octet)) return undefined;
    const number = Number(octet);
    if (number > 255) return undefined;
    value = value * 256 + number;
  }
  return BigInt(value);
}

function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes(".")) {
      const embedded = parseIpv4Value(part);
      if (embedded === undefined) return undefined;
      groups.push(Number(embedded >> 16n), Number(embedded & 0xffffn));
    } else if (HEX_GROUP.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

function parseIpv6Value(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = halves[0] ?? "";
  const tail = halves[1];
  if (tail !== undefined && head.includes(".")) return undefined;
  const before = parseGroups(head);
  const after = parseGroups(tail ?? "");
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  // "::" stands for at least one group (RFC 4291 section 2.2).
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...new Array<number>(missing).fill(0), ...after];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/**
 * Parses an address without changing its family: `::ffff:192.0.2.1` stays IPv6.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseAnyFamily("::ffff:192.0.2.1"), { family: 6, value: 0xffffc0000201n });
 * ```
 *
 * @returns Undefined if `text` is not an address. Zones (`%eth0`) are refused.
 */
export function parseAnyFamily(text: string): IpAddress | undefined {
  if (text.includes(":")) {
    const value = parseIpv6Value(text);
    return value === undefined ? undefined : { family: 6, value };
  }
  const value = parseIpv4Value(text);
  return value === undefined ? undefined : { family: 4, value };
}

/**
 * Turns an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) into the IPv4 address in it. Returns
 * any other address unchanged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(unmap({ family: 6, value: 0xffffc0000201n }), { family: 4, value: 0xc0000201n });
 * ```
 */
export function unmap(address: IpAddress): IpAddress {
  return isMapped(address)
    ? { family: 4, value: address.value & 0xffffffffn }
    : address;
}

/**
 * Returns whether an address is an IPv4-mapped IPv6 address, in `::ffff:0:0/96`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isMapped({ family: 6, value: 0xffffc0000201n }), true);
 * assertEquals(isMapped({ family: 4, value: 0xc0000201n }), false);
 * ```
 */
export function isMapped(address: IpAddress): boolean {
  return address.family === 6 && address.value >> 32n === MAPPED_PREFIX >> 32n;
}

/**
 * Parses dotted-decimal IPv4, or IPv6 in any form of RFC 4291. An IPv4-mapped address becomes IPv4,
 * as in upstream.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseIpAddress("192.0.2.1"), { family: 4, value: 0xc0000201n });
 * assertEquals(parseIpAddress("::1"), { family: 6, value: 1n });
 * assertEquals(parseIpAddress("192.0.2.01"), undefined);
 * ```
 *
 * @returns Undefined if `text` is not an address.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  const address = parseAnyFamily(text);
  return address === undefined ? undefined : unmap(address);
}

function formatIpv6(value: bigint): string {
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) {
    groups.push(Number((value >> shift) & 0xffffn));
  }
  // RFC 5952 section 4.2: shorten the first longest run of two or more zero groups.
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]): string =>
    part.map((group) => group.toString(16)).join(":");
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${
    hex(groups.slice(best.start + best.length))
  }`;
}

/**
 * Formats the canonical text: dotted decimal, or the lower-case form of RFC 5952.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatIpAddress({ family: 4, value: 0xc0000201n }), "192.0.2.1");
 * assertEquals(formatIpAddress({ family: 6, value: 0x20010db8n << 96n }), "2001:db8::");
 * ```
 */
export function formatIpAddress({ family, value }: IpAddress): string {
  if (family === 6) return formatIpv6(value);
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
}

/**
 * Returns whether two addresses have the same family and value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sameAddress({ family: 4, value: 1n }, { family: 4, value: 1n }), true);
 * assertEquals(sameAddress({ family: 4, value: 1n }, { family: 6, value: 1n }), false);
 * ```
 */
export function sameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.value === b.value;
}

/**
 * Returns the address that is `offset` after `address`, or before it if `offset` is negative.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const address = { family: 4, value: 0xc0000201n } as const;
 * assertEquals(formatIpAddress(addressPlus(address, -1n)), "192.0.2.0");
 * ```
 *
 * @param offset Must not lead out of the address family.
 */
export function addressPlus(address: IpAddress, offset: bigint): IpAddress {
  return { family: address.family, value: address.value + offset };
}
