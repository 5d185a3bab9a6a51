import { assertEquals } from "@std/assert";
import type { Datagram } from "../../lib/dhcp_plugin/ports.ts";
import { encodeIpv4Udp } from "../../lib/net/ipv4_udp.ts";
import {
  LIMITED_BROADCAST,
  UNSPECIFIED_ADDRESS,
} from "../../lib/net/ipv4_address.ts";
import { dhcpReplyFilter } from "../../lib/net/packet_filter.ts";
import { DhcpExchange } from "../../lib/sys/dhcp_exchange.ts";
import { EventLoop } from "../../lib/sys/event_loop.ts";
import { openLinkControl } from "../../lib/sys/link.ts";
import { ETHER_TYPE, openPacketSocket } from "../../lib/sys/packet_socket.ts";
import { ip } from "../support/dhcp_messages.ts";
import { TestLink, type TestNetns } from "../support/network_namespaces.ts";
import { testAsRoot } from "../support/requirements.ts";
import { Mailbox } from "../support/waiting.ts";

const XID = 0x01020304;
const DISCOVER: Datagram = {
  xid: XID,
  source: UNSPECIFIED_ADDRESS,
  destination: LIMITED_BROADCAST,
  bytes: new Uint8Array(300),
};

function ifIndexOf(place: TestNetns): number {
  using netns = place.open();
  using control = openLinkControl(netns);
  return control.find("eth0")?.index ?? 0;
}

/** An exchange on the client's `eth0`. */
function openExchange(
  { client }: TestLink,
  loop: EventLoop,
  onPacket: () => void,
): DhcpExchange {
  using netns = client.open();
  using control = openLinkControl(netns);
  const link = control.find("eth0");
  if (link === undefined) throw new Error("no eth0");
  return new DhcpExchange({
    loop,
    link,
    ifName: "eth0",
    enter: (body) => {
      using entered = client.open();
      return body(entered);
    },
    server: undefined,
    onPacket,
  });
}

/** Sends so many replies to everybody, all before the loop has a chance to hear of them. */
function flood(link: TestLink, count: number): void {
  using netns = link.server.open();
  using socket = openPacketSocket(netns, {
    ifIndex: ifIndexOf(link.server),
    etherType: ETHER_TYPE.ipv4,
    filter: dhcpReplyFilter(XID),
  });
  const payload = new Uint8Array(16);
  payload[0] = 2;
  new DataView(payload.buffer).setUint32(4, XID);
  const packet = encodeIpv4Udp({
    source: ip("192.0.2.1"),
    sourcePort: 67,
    destination: LIMITED_BROADCAST,
    destinationPort: 68,
  }, payload);
  const everybody = new Uint8Array(6).fill(0xff);
  for (let sent = 0; sent < count; sent++) socket.send(packet, everybody);
}

testAsRoot(
  "DhcpExchange takes 64 packets in a turn, and the others in the next",
  async () => {
    using link = new TestLink();
    await using loop = new EventLoop((error) => {
      throw error;
    });
    const turns = new Mailbox<number>();
    let inTurn = 0;
    using exchange = openExchange(link, loop, () => {
      if (inTurn === 0) {
        queueMicrotask(() => {
          turns.put(inTurn);
          inTurn = 0;
        });
      }
      inTurn += 1;
    });
    exchange.send(DISCOVER);
    flood(link, 150);
    const packets: number[] = [];
    let sum = 0;
    while (sum < 150) {
      const count = await turns.take("turn");
      packets.push(count);
      sum += count;
    }
    assertEquals([sum, Math.max(...packets)], [150, 64]);
  },
);
