/**
 * Turns an ACK into a lease with absolute deadlines (RFC 2131 sections 4.4.1 and 4.4.5). Pure.
 *
 * @module
 */

import { type DhcpDns, dnsOf } from "../codec/dns_options.ts";
import { type DhcpMessage, encodeMessage } from "../codec/dhcp_message.ts";
import { OptionCode } from "../codec/option_code.ts";
import { OptionReader } from "../codec/option_reader.ts";
import {
  type DhcpRoute,
  formatRoute,
  gatewayOf,
  routesOf,
} from "../codec/route_options.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  prefixLengthOfMask,
} from "../../net/ipv4_address.ts";
import { isAddressOfHost, isAddressOfOther } from "../../net/subnet_host.ts";
import { leaseTimes } from "./lease_times.ts";

/**
 * An address and its configuration. Deadlines are on the caller's monotonic clock, in milliseconds.
 */
export interface Lease {
  readonly address: Ipv4Address;
  /** 4 to 32. */
  readonly prefixLength: number;
  /** The server to renew with and to release to. */
  readonly serverIdentifier: Ipv4Address;
  /** First usable router (option 3), also if the routes come from option 121, as upstream does. */
  readonly gateway: Ipv4Address | undefined;
  readonly routes: readonly DhcpRoute[];
  readonly dns: DhcpDns;
  /** Option 26, at least 68. */
  readonly mtu: number | undefined;
  /** RENEWING begins; Infinity for never. t1Ms ≤ t2Ms ≤ expiresMs. */
  readonly t1Ms: number;
  /** REBINDING begins. */
  readonly t2Ms: number;
  /** The address must not be used any more. */
  readonly expiresMs: number;
  /** When the REQUEST was sent that the ACK answers; all deadlines count from then. */
  readonly sentMs: number;
  /**
   * The ACK itself, encoded: with `sentMs` it is all that must be stored to restore the lease. As
   * bytes it takes a tenth of the memory.
   */
  readonly ack: Uint8Array;
  /** Options that were ignored or repaired, one text each. */
  readonly warnings: readonly string[];
}

/** The result of {@link leaseFromAck}. */
export type AckResult =
  | { readonly kind: "lease"; readonly lease: Lease }
  | {
    readonly kind: "unusable";
    /** Names the option or field. */
    readonly reason: string;
  };

/** The values of a lease that a renewal can change; deadlines and the server do not count. */
export type LeaseField =
  | "address"
  | "prefixLength"
  | "gateway"
  | "routes"
  | "dns"
  | "mtu";

/** The fuzz as a fraction of T1, and its limit. */
const MAX_FUZZ = 0.05;
const MAX_FUZZ_MS = 60_000;

/**
 * No network has more addresses than a /4. The main plugin adds a route to the whole subnet, so
 * with a shorter mask a server could capture most of a client's traffic.
 */
const MIN_PREFIX_LENGTH = 4;

/** "The minimum legal value for the MTU is 68" (RFC 2132 section 5.1). */
const MIN_MTU = 68;

/**
 * Builds the lease that an ACK grants.
 *
 * An ACK without an address, a server identifier or a subnet mask is unusable; any other malformed
 * option is ignored with a warning.
 *
 * @param ack A message that is known to be an ACK for this client.
 * @param options `sentMs`: when the REQUEST was sent: "the client computes the lease expiration
 * time as the sum of the time at which the client sent the DHCPREQUEST message and the duration of
 * the lease" (RFC 2131 section 4.4.1); `warnings`: options that were ignored before.
 */
export function leaseFromAck(
  ack: DhcpMessage,
  { sentMs, warnings = [] }: {
    readonly sentMs: number;
    readonly warnings?: readonly string[];
  },
): AckResult {
  const options = new OptionReader(ack.options);
  const subnet = leasedSubnet(ack);
  const { address } = subnet;
  if (!isAddressOfHost(address, subnet)) {
    return unusable(`address ${formatIpAddress(address)} in yiaddr`);
  }
  const serverIdentifier = options.read(OptionCode.serverIdentifier, "ip");
  if (serverIdentifier === undefined) {
    return unusable(missing("Server Identifier", 54, options));
  }
  if (!isAddressOfOther(serverIdentifier, subnet)) {
    const text = formatIpAddress(serverIdentifier);
    return unusable(`Server Identifier ${text} in option 54`);
  }
  const mask = options.read(OptionCode.subnetMask, "ip");
  if (mask === undefined) {
    // Upstream's text, which operators search for.
    return unusable(
      `DHCP option Subnet Mask not found in DHCPACK${because(options)}`,
    );
  }
  const prefixLength = prefixLengthOf(options);
  if (prefixLength === undefined) {
    return unusable(`Subnet Mask ${formatIpAddress(mask)} in option 1`);
  }
  const times = leaseTimes({
    leaseSeconds: options.read(OptionCode.ipAddressLeaseTime, "u32"),
    t1Seconds: options.read(OptionCode.renewalTimeValue, "u32"),
    t2Seconds: options.read(OptionCode.rebindingTimeValue, "u32"),
  });
  const lease = {
    address,
    prefixLength,
    serverIdentifier,
    gateway: gatewayOf(options, subnet),
    routes: routesOf(options, subnet),
    dns: dnsOf(options, subnet),
    mtu: mtuOf(options),
    t1Ms: sentMs + times.t1Ms - fuzzMs(times.t1Ms, ack.xid),
    t2Ms: sentMs + times.t2Ms,
    expiresMs: sentMs + times.leaseMs,
    sentMs,
    ack: encodeMessage(ack),
  };
  const all = new Set([...warnings, ...options.warnings, ...times.warnings]);
  return { kind: "lease", lease: { ...lease, warnings: [...all] } };
}

/**
 * Returns the address in `yiaddr` with the prefix length of its subnet; 32 if the message has no
 * usable subnet mask.
 */
export function leasedSubnet({ yiaddr, options }: DhcpMessage): Ipv4Cidr {
  const prefixLength = prefixLengthOf(new OptionReader(options)) ?? 32;
  return { address: yiaddr, prefixLength };
}

/** Returns the prefix length of a subnet mask in option 1; undefined if there is no usable one. */
export function prefixLengthOf(options: OptionReader): number | undefined {
  const mask = options.read(OptionCode.subnetMask, "ip");
  if (mask === undefined) return undefined;
  const prefixLength = prefixLengthOfMask(mask) ?? 0;
  if (prefixLength >= MIN_PREFIX_LENGTH) return prefixLength;
  options.warn(OptionCode.subnetMask, "not a mask", formatIpAddress(mask));
  return undefined;
}

/**
 * Returns how long before T1 the renewal begins. Leases that began together must not be renewed
 * together forever ("SHOULD be chosen with some random fuzz", RFC 2131 section 4.4.5). It is
 * derived from the xid, so a stored lease keeps its times.
 */
function fuzzMs(t1Ms: number, xid: number): number {
  const share = ((xid >>> 8) & 0xffff) / 0x10000;
  return Math.floor(Math.min(t1Ms * MAX_FUZZ, MAX_FUZZ_MS) * share);
}

/** Returns the fields in which two leases differ. */
export function changedFields(before: Lease, after: Lease): LeaseField[] {
  const earlier = describeFields(before);
  const later = describeFields(after);
  return LEASE_FIELDS.filter((field) => earlier[field] !== later[field]);
}

const LEASE_FIELDS: readonly LeaseField[] = [
  "address",
  "prefixLength",
  "gateway",
  "routes",
  "dns",
  "mtu",
];

/** Servers may list name servers and routes in another order each time: that is no change. */
function describeFields(lease: Lease): Record<LeaseField, string> {
  const { nameservers, domain, search } = lease.dns;
  return {
    address: formatIpAddress(lease.address),
    prefixLength: String(lease.prefixLength),
    gateway: lease.gateway === undefined ? "" : formatIpAddress(lease.gateway),
    routes: lease.routes.map(formatRoute).sort().join(),
    dns: [nameservers.map(formatIpAddress).sort(), domain ?? "", search]
      .join(" "),
    mtu: String(lease.mtu),
  };
}

/** Returns the MTU in option 26; undefined if there is no usable one. */
export function mtuOf(options: OptionReader): number | undefined {
  const mtu = options.read(OptionCode.interfaceMtu, "u16");
  if (mtu === undefined || mtu >= MIN_MTU) return mtu;
  options.warn(OptionCode.interfaceMtu, `MTU ${mtu} is below ${MIN_MTU}`);
  return undefined;
}

function unusable(reason: string): AckResult {
  return { kind: "unusable", reason };
}

function missing(title: string, code: number, options: OptionReader): string {
  return `no ${title} (option ${code})${because(options)}`;
}

function because({ warnings }: OptionReader): string {
  return warnings.length === 0 ? "" : `: ${warnings.join("; ")}`;
}
