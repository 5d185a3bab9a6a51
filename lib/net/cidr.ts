/** CIDR notation (RFC 4632, RFC 4291 section 2.3): an address with a prefix length. Pure. @module */

import {
  addressBits,
  formatIpAddress,
  type IpAddress,
  isMapped,
  parseAnyFamily,
  unmap,
} from "./ip_address.ts";

/** An address and the length of its network prefix; host bits are kept as given. */
export interface Cidr {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/**
 * Parses `address/length` without changing its family.
 *
 * @returns The parsed value, or undefined if `text` is not CIDR notation.
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

/** Turns an IPv4-mapped network into the IPv4 network it stands for, as upstream does where it prints one. */
export function unmapCidr(cidr: Cidr): Cidr {
  if (!isMapped(cidr.address)) return cidr;
  const prefixLength = Math.max(0, cidr.prefixLength - 96);
  return { address: unmap(cidr.address), prefixLength };
}

/** Canonical text of the address, a slash and the prefix length. */
export function formatCidr({ address, prefixLength }: Cidr): string {
  return `${formatIpAddress(address)}/${prefixLength}`;
}

function hostMask({ address, prefixLength }: Cidr): bigint {
  return (1n << BigInt(addressBits(address.family) - prefixLength)) - 1n;
}

/** The first address of the network: all host bits zero. */
export function networkAddress(cidr: Cidr): IpAddress {
  return {
    family: cidr.address.family,
    value: cidr.address.value & ~hostMask(cidr),
  };
}

/** The last address of the network: all host bits one; the broadcast address of an IPv4 subnet. */
export function lastAddress(cidr: Cidr): IpAddress {
  return {
    family: cidr.address.family,
    value: cidr.address.value | hostMask(cidr),
  };
}

/** Whether `address` lies in the network; an address of the other family never does. */
export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  return address.family === cidr.address.family &&
    (address.value | hostMask(cidr)) === (cidr.address.value | hostMask(cidr));
}
