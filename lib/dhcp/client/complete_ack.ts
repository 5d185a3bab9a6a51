/**
 * Completes an ACK with what the server has left out because the client knows it. Pure.
 *
 * No RFC gives a meaning to an absent option. Some servers send certain options only once, and a
 * relay that adds options does not see the unicast of a renewal. So what the ACK of a renewal
 * leaves out is unchanged. An option that is malformed or has no usable value counts as left out.
 *
 * @module
 */

import type { DhcpMessage } from "../codec/dhcp_message.ts";
import {
  domainNamesOf,
  nameserversOf,
  searchListOf,
} from "../codec/dns_options.ts";
import { OptionCode } from "../codec/option_code.ts";
import { OptionReader } from "../codec/option_reader.ts";
import type { DhcpOptions } from "../codec/options.ts";
import {
  classlessRoutesOf,
  gatewayOf,
  staticRoutesOf,
} from "../codec/route_options.ts";
import { encodeOptionValue } from "../codec/option_value.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";
import { sameAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { type Lease, leasedSubnet, mtuOf, prefixLengthOf } from "./lease.ts";

/** An ACK with what it left out. */
export interface CompletedAck {
  readonly ack: DhcpMessage;
  /** Why options that the ACK had were replaced, one text each. */
  readonly warnings: readonly string[];
}

/** An option, and a function that returns its value, or undefined if it is of no use. */
type Row = readonly [
  code: number,
  read: (options: OptionReader, client: Ipv4Cidr) => unknown,
];

const SUBNET_MASK: Row = [OptionCode.subnetMask, prefixLengthOf];
const LEASE_TIME: Row = [
  OptionCode.ipAddressLeaseTime,
  (options) => options.read(OptionCode.ipAddressLeaseTime, "u32"),
];
const TIMES: readonly Row[] = [
  LEASE_TIME,
  [
    OptionCode.renewalTimeValue,
    (options) => options.read(OptionCode.renewalTimeValue, "u32"),
  ],
  [
    OptionCode.rebindingTimeValue,
    (options) => options.read(OptionCode.rebindingTimeValue, "u32"),
  ],
];
const CONFIGURATION: readonly Row[] = [
  [OptionCode.router, gatewayOf],
  [OptionCode.classlessStaticRoute, classlessRoutesOf],
  [OptionCode.staticRoute, staticRoutesOf],
  [OptionCode.domainNameServer, nameserversOf],
  [OptionCode.domainName, domainNamesOf],
  [OptionCode.domainSearch, searchListOf],
  [OptionCode.interfaceMtu, mtuOf],
];

/**
 * Completes the ACK of a renewal.
 *
 * @param earlier The options of the ACK that is renewed.
 */
export function completeRenewal(
  ack: DhcpMessage,
  earlier: DhcpOptions,
): CompletedAck {
  const options = new Map(ack.options);
  const warnings: string[] = [];
  // T1 and T2 of another lease time mean nothing.
  const hasTimes = isUsable(LEASE_TIME, ack);
  const rows = [SUBNET_MASK, ...hasTimes ? [] : TIMES, ...CONFIGURATION];
  for (const [code, read] of rows) {
    const content = earlier.get(code);
    if (content === undefined) continue;
    const reader = new OptionReader(options);
    if (read(reader, leasedSubnet({ ...ack, options })) !== undefined) continue;
    options.set(code, content);
    warnings.push(...reader.warnings);
  }
  return { ack: { ...ack, options }, warnings };
}

/**
 * Completes the ACK of a new lease with the values without which no address can be used, if they
 * are absent: the subnet mask and the times. Everything else it says itself (RFC 2131 section
 * 4.3.1).
 *
 * @param earlier The options of the OFFER, or of the lease that the client asks about.
 */
export function completeFirstAck(
  ack: DhcpMessage,
  earlier: DhcpOptions,
): DhcpMessage {
  const options = new Map(ack.options);
  const hasTimes = ack.options.has(OptionCode.ipAddressLeaseTime);
  for (const [code] of [SUBNET_MASK, ...hasTimes ? [] : TIMES]) {
    const content = earlier.get(code);
    if (content !== undefined && !options.has(code)) options.set(code, content);
  }
  return { ...ack, options };
}

/**
 * Completes the answer to a renewal with the server identifier, if it comes from the address of the
 * server that granted the lease.
 *
 * @param source The sender in the IPv4 header.
 */
export function withServerIdentifier(
  message: DhcpMessage,
  source: Ipv4Address,
  { serverIdentifier }: Lease,
): DhcpMessage {
  const code = OptionCode.serverIdentifier;
  const { options } = message;
  if (options.has(code) || !sameAddress(source, serverIdentifier)) {
    return message;
  }
  const content = encodeOptionValue("ip", serverIdentifier);
  return { ...message, options: new Map([...options, [code, content]]) };
}

function isUsable([, read]: Row, message: DhcpMessage): boolean {
  const reader = new OptionReader(message.options);
  return read(reader, leasedSubnet(message)) !== undefined;
}
