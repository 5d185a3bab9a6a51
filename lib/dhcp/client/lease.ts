/** Turns an ACK into a lease with absolute deadlines (RFC 2131 sections 4.4.1 and 4.4.5). Pure. @module */

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

/** An address and everything that came with it. Deadlines are on the caller's monotonic clock, in milliseconds. */
export interface Lease {
  readonly address: Ipv4Address;
  /** 1 to 32. */
  readonly prefixLength: number;
  /** Whom to renew with and release to. */
  readonly serverIdentifier: Ipv4Address;
  /** First router (option 3), given even when option 121 makes the routes, as upstream reports it. */
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
  /** When the REQUEST was sent that the ACK answers; all deadlines count from here. */
  readonly sentMs: number;
  /**
   * The ACK itself, encoded: together with the time it is all that has to be stored to build the lease again. As bytes it
   * takes up a tenth of the memory.
   */
  readonly ack: Uint8Array;
}

/** What {@link leaseFromAck} makes of an ACK. */
export type AckResult =
  | {
    readonly kind: "lease";
    readonly lease: Lease;
    /** Options that were left out or repaired, one sentence each. */
    readonly warnings: readonly string[];
  }
  | {
    readonly kind: "unusable";
    /** Names the option or field. */
    readonly reason: string;
  };

/** What of a lease a renewal can change; deadlines and the server do not count. */
export type LeaseField =
  | "address"
  | "prefixLength"
  | "gateway"
  | "routes"
  | "dns"
  | "mtu";

/** Of T1, and at most so long. */
const MAX_FUZZ = 0.05;
const MAX_FUZZ_MS = 60_000;

/** "The minimum legal value for the MTU is 68" (RFC 2132 section 5.1). */
const MIN_MTU = 68;

/**
 * Builds the lease that an ACK grants.
 *
 * An ACK without an address, a server identifier or a subnet mask is unusable; any other malformed option is left out
 * with a warning.
 *
 * @param ack A message already known to be an ACK for this client.
 * @param sentMs When the REQUEST was sent: "the client computes the lease expiration time as the sum of the time at
 * which the client sent the DHCPREQUEST message and the duration of the lease" (RFC 2131 section 4.4.1).
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
 * An ACK of a renewal, completed from the lease it renews.
 *
 * Some servers leave out of it what they take to be known. Without the mask the address could not be used, and it
 * cannot have changed without a word; every other option counts as withdrawn.
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
 * How much before T1 the renewal begins, so that leases that began together are not renewed together for ever ("SHOULD be
 * chosen with some random fuzz", RFC 2131 section 4.4.5). Made of the xid, so that a stored lease keeps its times.
 */
function fuzzMs(t1Ms: number, xid: number): number {
  const share = ((xid >>> 8) & 0xffff) / 0x10000;
  return Math.floor(Math.min(t1Ms * MAX_FUZZ, MAX_FUZZ_MS) * share);
}

/** The fields in which two leases differ, for the interface and for the log. */
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
