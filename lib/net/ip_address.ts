/** IP addresses as exact integers: parsing, canonical text (RFC 5952) and order. Pure. @module */

/** The IP version. */
export type Family = 4 | 6;

/** An address: its family, and its bits as an unsigned integer (32 bits or 128 bits). */
export interface IpAddress {
  readonly family: Family;
  readonly value: bigint;
}

const DECIMAL_OCTET = /^(0|[1-9][0-9]{0,2})$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;
const MAPPED_PREFIX = 0xffffn << 32n;

/** Number of bits of an address of `family`. */
export function addressBits(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** The highest value an address of `family` can have. */
export function lastValue(family: Family): bigint {
  return (1n << BigInt(addressBits(family))) - 1n;
}

function parseIpv4Value(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) return undefined;
  let value = 0;
  for (const octet of octets) {
    // A leading zero is refused: some readers take it for octal (RFC 6943 section 3.1.1).
    if (!DECIMAL_OCTET.test(octet) || Number(octet) > 255) return undefined;
    value = value * 256 + Number(octet);
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
 * Parses an address in its own family: `::ffff:192.0.2.1` stays IPv6.
 *
 * @returns The address, or undefined if `text` is not one. Zones are not accepted.
 */
export function parseAnyFamily(text: string): IpAddress | undefined {
  if (text.includes(":")) {
    const value = parseIpv6Value(text);
    return value === undefined ? undefined : { family: 6, value };
  }
  const value = parseIpv4Value(text);
  return value === undefined ? undefined : { family: 4, value };
}

/** Turns an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) into the IPv4 address it holds. */
export function unmap(address: IpAddress): IpAddress {
  return isMapped(address)
    ? { family: 4, value: address.value & 0xffffffffn }
    : address;
}

/** Whether `address` is an IPv4-mapped IPv6 address, `::ffff:0:0/96`. */
export function isMapped(address: IpAddress): boolean {
  return address.family === 6 && address.value >> 32n === MAPPED_PREFIX >> 32n;
}

/**
 * Parses dotted IPv4 or any RFC 4291 form of IPv6; an IPv4-mapped address becomes IPv4, as upstream does.
 *
 * @returns The address, or undefined if `text` is not one.
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

/** Canonical text: dotted decimal, or RFC 5952 lower case. */
export function formatIpAddress({ family, value }: IpAddress): string {
  if (family === 6) return formatIpv6(value);
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
}

/** Whether two addresses are the same address of the same family. */
export function sameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.value === b.value;
}

/** The address `offset` after `address` (before it, if negative); the caller keeps it in the family. */
export function addressPlus(address: IpAddress, offset: bigint): IpAddress {
  return { family: address.family, value: address.value + offset };
}
