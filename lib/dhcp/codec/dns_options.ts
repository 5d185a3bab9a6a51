/**
 * Resolver settings in options 6, 15 and 119 of an ACK (RFC 2132 sections 3.8 and 3.17, RFC 3397).
 * Pure.
 *
 * @module
 */

import type { Ipv4Cidr } from "../../net/cidr.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";
import { isAddressOfHost } from "../../net/subnet_host.ts";
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

const NAME = /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/;
const MAX_NAME = 253;
/** As many as option 119 may have here. */
const MAX_NAMES = 64;

/**
 * Returns the resolver settings of a lease.
 *
 * Servers without option 119 often list several names in option 15, separated by spaces. The first
 * of them is the domain, and all of them are the search list if option 119 is absent. An option
 * that is malformed or has no usable value counts as absent.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipv4FromBits } from "../../net/ipv4_address.ts";
 * import { dnsOf } from "./dns_options.ts";
 * import { OptionReader } from "./option_reader.ts";
 *
 * const client = { address: ipv4FromBits(0xc0000232), prefixLength: 24 };
 * const names = new TextEncoder().encode("a.example b.example");
 * assertEquals(dnsOf(new OptionReader(new Map([[15, names]])), client), {
 *   nameservers: [],
 *   domain: "a.example",
 *   search: ["a.example", "b.example"],
 * });
 * ```
 *
 * @param client The leased address and its subnet.
 */
export function dnsOf(options: OptionReader, client: Ipv4Cidr): DhcpDns {
  const names = domainNamesOf(options) ?? [];
  return {
    nameservers: nameserversOf(options, client) ?? [],
    domain: names[0],
    search: searchListOf(options) ?? (names.length > 1 ? names : []),
  };
}

/**
 * Returns the name servers in option 6 that can be hosts; undefined if there are none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipv4FromBits } from "../../net/ipv4_address.ts";
 * import { OptionReader } from "./option_reader.ts";
 *
 * const client = { address: ipv4FromBits(0xc0000232), prefixLength: 24 };
 * const options = new Map([[6, Uint8Array.of(127, 0, 0, 1, 192, 0, 2, 53)]]);
 * const servers = nameserversOf(new OptionReader(options), client);
 * assertEquals(servers, [ipv4FromBits(0xc0000235)]);
 * ```
 */
export function nameserversOf(
  options: OptionReader,
  client: Ipv4Cidr,
): readonly Ipv4Address[] | undefined {
  const code = OptionCode.domainNameServer;
  const servers = (options.read(code, "ips") ?? []).filter((server) => {
    if (isAddressOfHost(server, client)) return true;
    // Servers without a name server send 0.0.0.0.
    if (!sameAddress(server, UNSPECIFIED_ADDRESS)) {
      options.warn(code, "no host has this address", formatIpAddress(server));
    }
    return false;
  });
  return servers.length === 0 ? undefined : servers;
}

/**
 * Returns the names in option 15, without a first or final dot; undefined if there are none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { OptionReader } from "./option_reader.ts";
 *
 * const options = new Map([[15, new TextEncoder().encode(".a.example b.")]]);
 * assertEquals(domainNamesOf(new OptionReader(options)), ["a.example", "b"]);
 * ```
 */
export function domainNamesOf(
  options: OptionReader,
): readonly string[] | undefined {
  const code = OptionCode.domainName;
  const text = options.read(code, "text");
  if (text === undefined) return undefined;
  const names = text.split(" ").filter((word) => word !== "").map((word) =>
    word.replace(/^\./, "").replace(/\.$/, "")
  );
  if (names.length > 0 && names.length <= MAX_NAMES && names.every(isName)) {
    return names;
  }
  options.warn(code, "not a domain name");
  return undefined;
}

/**
 * Returns the names in option 119; undefined if there are none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { OptionReader } from "./option_reader.ts";
 *
 * const options = new Map([[119, Uint8Array.of(1, 97, 1, 98, 0)]]);
 * assertEquals(searchListOf(new OptionReader(options)), ["a.b"]);
 * ```
 */
export function searchListOf(
  options: OptionReader,
): readonly string[] | undefined {
  return options.read(OptionCode.domainSearch, "domains");
}

function isName(word: string): boolean {
  return word.length <= MAX_NAME && NAME.test(word);
}
