/** Announces an address to the hosts of a link (RFC 5227 section 2.3). @module */

import type { Netns } from "../../linux/netns.ts";
import { openPacketSocket } from "../../linux/packet_socket.ts";
import { encodeArpAnnouncement } from "../../net/arp.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { DROP_ALL, ETHER_TYPE } from "../../net/packet_filter.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";

const HARDWARE_BYTES = 6;

/**
 * Sends one announcement. Does nothing on links whose hardware addresses are not 6 bytes long.
 *
 * @throws {SyscallError} if it cannot be sent.
 */
export function announceAddress(
  netns: Netns,
  { index: ifIndex, macAddress, broadcastAddress }: LinkInfo,
  address: Ipv4Address,
): void {
  if (macAddress.length !== HARDWARE_BYTES) return;
  const etherType = ETHER_TYPE.arp;
  using socket = openPacketSocket(netns, {
    ifIndex,
    etherType,
    filter: DROP_ALL,
  });
  socket.send(encodeArpAnnouncement(macAddress, address), broadcastAddress);
}
