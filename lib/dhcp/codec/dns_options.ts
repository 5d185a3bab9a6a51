/**
 * Resolver settings in options 6, 15 and 119 of an ACK (RFC 2132 sections 3.8 and 3.17, RFC 3397).
 * Pure.
 *
 * @module
 */

import { sameAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";
import { OptionCode } from "./option_code.ts";
import type { OptionReader } from "./option_reader.ts";

/**
 * Resolver settings. Names consist of letters, digits, `-`, `_` and dots, so they are safe in
 * resolv.conf.
 */
export interface DhcpDns {
  readonly nameservers: readonly Ipv4Address[];
  readonly domain: string | undefined;
  readonly search: readonly string[];
}

const NAME = /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/;
const MAX_NAME = 253;

/**
 * Returns the resolver settings of a lease.
 *
 * Servers without option 119 often list several names in option 15, separated by spaces. The first
 * of them is the domain, and all of them are the search list if option 119 is absent.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dnsOf } from "./dns_options.ts";
 * import { OptionReader } from "./option_reader.ts";
 *
 * const names = new TextEncoder().encode("a.example b.example");
 * assertEquals(dnsOf(new OptionReader(new Map([[15, names]]))), {
 *   nameservers: [],
 *   domain: "a.example",
 *   search: ["a.example", "b.example"],
 * });
 * ```
 */
export function dnsOf(options: OptionReader): DhcpDns {
  const nameservers = (options.read(OptionCode.domainNameServer, "ips") ?? [])
    .filter((address) => !sameAddress(address, UNSPECIFIED_ADDRESS));
  const names = domainNames(options);
  const search = options.read(OptionCode.domainSearch, "domains");
  return {
    nameservers,
    domain: names[0],
    search: search ?? (names.length > 1 ? names : []),
  };
}

function domainNames(options: OptionReader): readonly string[] {
  const text = options.read(OptionCode.domainName, "text") ?? "";
  const words = text.split(" ").filter((word) => word !== "");
  if (words.every((word) => NAME.test(word) && word.length <= MAX_NAME)) {
    return words.map((word) => word.replace(/\.$/, ""));
  }
  options.warn(OptionCode.domainName, "not a domain name");
  return [];
}
