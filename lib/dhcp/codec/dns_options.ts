/** The resolver settings that the options of an ACK give (RFC 2132 sections 3.8 and 3.17, RFC 3397). Pure. @module */

import { sameAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";
import { OptionCode } from "./option_code.ts";
import type { OptionReader } from "./option_reader.ts";

/** Resolver settings; every name consists of letters, digits, `-`, `_` and dots, so it can stand in resolv.conf. */
export interface DhcpDns {
  readonly nameservers: readonly Ipv4Address[];
  readonly domain: string | undefined;
  readonly search: readonly string[];
}

const NAME = /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/;
const MAX_NAME = 253;

/**
 * Reads options 6, 15 and 119.
 *
 * Many servers put several names, with spaces between, into option 15 for want of 119: the first is the domain, and
 * all of them are the search list if 119 is absent.
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
