/**
 * Turns an ACK into a lease with absolute deadlines (RFC 2131 sections 4.4.1 and 4.4.5). Pure.
 *
 * @module
 */

import { type DhcpDns, dnsOf } from "../codec/dns_options.ts";
import {
  decodeMessage,
  type DhcpMessage,
  encodeMessage,
} from "../codec/dhcp_message.ts";
import { OptionCode } from "../codec/option_code.ts";
import { OptionReader } from "../codec/option_reader.ts";
import {
  type DhcpRoute,
  formatRoute,
  gatewayOf,
  routesOf,
} from "../codec/route_options.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  isHostAddress,
  prefixLengthOfMask,
} from "../../net/ipv4_address.ts";
import { leaseTimes } from "./lease_times.ts";

/**
 * An address and its configuration. Deadlines are on the caller's monotonic clock, in milliseconds.
 */
export interface Lease {
  readonly address: Ipv4Address;
  /** 1 to 32. */
  readonly prefixLength: number;
  /** The server to renew with and to release to. */
  readonly serverIdentifier: Ipv4Address;
  /** First router (option 3), also if the routes come from option 121, as upstream reports it. */
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
}

/** The result of {@link leaseFromAck}. */
export type AckResult =
  | {
    readonly kind: "lease";
    readonly lease: Lease;
    /** Options that were dropped or repaired, one sentence each. */
    readonly warnings: readonly string[];
  }
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

/** "The minimum legal value for the MTU is 68" (RFC 2132 section 5.1). */
const MIN_MTU = 68;

/**
 * Builds the lease that an ACK grants.
 *
 * An ACK without an address, a server identifier or a subnet mask is unusable; any other malformed
 * option is dropped with a warning.
 *
 * @param ack A message that is known to be an ACK for this client.
 * @param sentMs When the REQUEST was sent: "the client computes the lease expiration time as the
 * sum of the time at which the client sent the DHCPREQUEST message and the duration of the lease"
 * (RFC 2131 section 4.4.1).
 */
export function leaseFromAck(ack: DhcpMessage, sentMs: number): AckResult {
  const options = new OptionReader(ack.options);
  const address = ack.yiaddr;
  if (!isHostAddress(address)) {
    return unusable(`address ${formatIpAddress(address)} in yiaddr`);
  }
  const serverIdentifier = options.read(OptionCode.serverIdentifier, "ip");
  if (serverIdentifier === undefined) {
    return unusable(missing("Server Identifier", 54, options));
  }
  const mask = options.read(OptionCode.subnetMask, "ip");
  if (mask === undefined) {
    // Upstream's text, which operators search for.
    return unusable(
      `DHCP option Subnet Mask not found in DHCPACK${because(options)}`,
    );
  }
  const prefixLength = prefixLengthOfMask(mask);
  if (prefixLength === undefined || prefixLength === 0) {
    return unusable(`Subnet Mask ${formatIpAddress(mask)} in option 1`);
  }
  const times = leaseTimes({
    leaseSeconds: options.read(OptionCode.ipAddressLeaseTime, "u32"),
    t1Seconds: options.read(OptionCode.renewalTimeValue, "u32"),
    t2Seconds: options.read(OptionCode.rebindingTimeValue, "u32"),
  });
  const lease: Lease = {
    address,
    prefixLength,
    serverIdentifier,
    gateway: gatewayOf(options),
    routes: routesOf(options),
    dns: dnsOf(options),
    mtu: mtuOf(options),
    t1Ms: sentMs + times.t1Ms - fuzzMs(times.t1Ms, ack.xid),
    t2Ms: sentMs + times.t2Ms,
    expiresMs: sentMs + times.leaseMs,
    sentMs,
    ack: encodeMessage(ack),
  };
  const warnings = [...new Set([...options.warnings, ...times.warnings])];
  return { kind: "lease", lease, warnings };
}

/**
 * Completes the ACK of a renewal with the subnet mask of the lease that it renews.
 *
 * Some servers omit options that they consider known. An address is unusable without its mask, and
 * a server cannot change the mask without sending it; every other option counts as withdrawn.
 */
export function completeRenewal(
  ack: DhcpMessage,
  previous: Lease,
): DhcpMessage {
  if (ack.options.has(OptionCode.subnetMask)) return ack;
  const mask = decodeMessage(previous.ack).options.get(OptionCode.subnetMask);
  if (mask === undefined) return ack;
  const options = new Map(ack.options).set(OptionCode.subnetMask, mask);
  return { ...ack, options };
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

function describeFields(lease: Lease): Record<LeaseField, string> {
  const { nameservers, domain, search } = lease.dns;
  return {
    address: formatIpAddress(lease.address),
    prefixLength: String(lease.prefixLength),
    gateway: lease.gateway === undefined ? "" : formatIpAddress(lease.gateway),
    routes: lease.routes.map(formatRoute).join(),
    dns: [nameservers.map(formatIpAddress), domain ?? "", search].join(" "),
    mtu: String(lease.mtu),
  };
}

function mtuOf(options: OptionReader): number | undefined {
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
