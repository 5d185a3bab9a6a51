/** Sending from the host's own network namespace, for a lease whose interface is gone. @module */

import { SyscallError } from "../../linux/errno.ts";
import { openLinkControl } from "../../linux/link_control.ts";
import { ownNetns } from "../../linux/netns.ts";
import { openSocket, sendTo, SOCK } from "../../linux/socket.ts";
import {
  AF,
  inetAddress,
  linkLayerAddress,
} from "../../linux/socket_address.ts";
import { encodeEthernet, ETHERNET_ADDRESS_BYTES } from "../../net/ethernet.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import { formatMacAddress } from "../../net/mac_address.ts";
import { ETHER_TYPE } from "../../net/packet_filter.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import { SERVER_PORT } from "../codec/dhcp_message.ts";
import { encodeClientPacket } from "../codec/packet.ts";
import type { Datagram, HostRoute } from "../daemon/ports.ts";

/** ARP hardware type of Ethernet (linux/if_arp.h). */
const HTYPE_ETHERNET = 1;

/**
 * Sends a message through the device of the host that leads to the network of the lease, as the
 * client would: from its hardware address and its leased address. This needs neither an address of
 * the host in that network nor a route.
 *
 * Without such a device, or if the server is this host, it sends an ordinary datagram.
 *
 * @returns The name of the device, or `host`.
 * @throws {SyscallError} if neither can be sent.
 */
export function sendFromHost(datagram: Datagram, route: HostRoute): string {
  const link = findDevice(datagram, route);
  if (link !== undefined && sendFrame(link, datagram, route)) return link.name;
  sendDatagram(datagram);
  return "host";
}

/**
 * Returns the device if a frame through it can reach the server. A frame that the host sends does
 * not reach a server on the host itself, at an address or the hardware address of the device. The
 * hardware address of a bridge can change with its ports.
 */
function findDevice(
  { destination }: Datagram,
  { device, client, server }: HostRoute,
): LinkInfo | undefined {
  if (device === undefined || client.length !== ETHERNET_ADDRESS_BYTES) {
    return undefined;
  }
  using control = openLinkControl(ownNetns());
  const link = control.find(device.name);
  if (link?.htype !== HTYPE_ETHERNET) return undefined;
  const hasServerMac = server !== undefined &&
    formatMacAddress(server) === formatMacAddress(link.macAddress);
  const isServer = hasServerMac ||
    control.addresses(link.index).some(({ address }) =>
      sameAddress(address, destination)
    );
  return isServer ? undefined : link;
}

/** @returns False if the device is down, or the operating system refuses. */
function sendFrame(
  { index: ifIndex, broadcastAddress }: LinkInfo,
  datagram: Datagram,
  { device, client: source, server }: HostRoute,
): boolean {
  const etherType = ETHER_TYPE.ipv4;
  const isKnown = server?.length === ETHERNET_ADDRESS_BYTES;
  const destination = isKnown ? server : broadcastAddress;
  const { vlanId } = device ?? {};
  const frame = encodeEthernet(
    { destination, source, vlanId, etherType },
    encodeClientPacket(datagram, datagram.bytes),
  );
  const hardwareAddress = destination;
  const address = linkLayerAddress({ etherType, ifIndex, hardwareAddress });
  try {
    using socket = openSocket(AF.PACKET, SOCK.RAW);
    sendTo(socket, frame, { address, subject: "frame" });
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

function sendDatagram({ destination, bytes }: Datagram): void {
  using socket = openSocket(AF.INET, SOCK.DGRAM);
  const address = inetAddress(destination, SERVER_PORT);
  const subject = `${formatIpAddress(destination)}:${SERVER_PORT}`;
  sendTo(socket, bytes, { address, subject });
}
