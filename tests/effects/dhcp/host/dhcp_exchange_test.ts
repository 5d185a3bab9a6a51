import { assertEquals } from "@std/assert";
import type { Datagram } from "../../../../lib/dhcp/daemon/ports.ts";
import { encodeIpv4Udp } from "../../../../lib/net/ipv4_udp.ts";
import {
  LIMITED_BROADCAST,
  UNSPECIFIED_ADDRESS,
} from "../../../../lib/net/ipv4_address.ts";
import { dhcpReplyFilter } from "../../../../lib/net/packet_filter.ts";
import type { LinkInfo } from "../../../../lib/netlink/link.ts";
import { DhcpExchange } from "../../../../lib/dhcp/host/dhcp_exchange.ts";
import { EventLoop } from "../../../../lib/linux/event_loop.ts";
import { openLinkControl } from "../../../../lib/linux/link_control.ts";
import {
  ETHER_TYPE,
  openPacketSocket,
} from "../../../../lib/linux/packet_socket.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { waitUntil } from "../../../../tools/lab/waiting.ts";
import {
  TestLink,
  type TestNetns,
} from "../../../support/network_namespaces.ts";
import { testAsRoot, testWith } from "../../../support/requirements.ts";
import { UdpServer } from "../../../support/udp_server.ts";
import { Mailbox, soon } from "../../../support/waiting.ts";

const XID = 0x01020304;
const DISCOVER: Datagram = {
  xid: XID,
  source: UNSPECIFIED_ADDRESS,
  destination: LIMITED_BROADCAST,
  bytes: new Uint8Array(300),
};

function eth0Of(place: TestNetns): LinkInfo {
  using netns = place.open();
  using control = openLinkControl(netns);
  const link = control.find("eth0");
  if (link === undefined) throw new Error("no eth0");
  return link;
}

/** An exchange on the client's `eth0`. */
function openExchange(
  { client }: TestLink,
  loop: EventLoop,
  onPacket: () => void,
): DhcpExchange {
  return new DhcpExchange({
    loop,
    link: eth0Of(client),
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
    ifIndex: eth0Of(link.server).index,
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

const RELEASE: Datagram = {
  xid: XID,
  source: ip("192.0.2.7"),
  destination: ip("192.0.2.1"),
  bytes: new TextEncoder().encode("release"),
};

for (
  const { name, setUp } of [
    { name: "an open firewall", setUp: [] },
    {
      name: "a firewall that drops all that goes out",
      setUp: [
        "nft add table ip closed",
        "nft add chain ip closed out { type filter hook output priority 0; policy drop; }",
      ],
    },
  ]
) {
  testWith(
    ["root", "command:nft"],
    `DhcpExchange sends from the leased address behind ${name}`,
    async () => {
      using link = new TestLink();
      link.client.ip("addr add 192.0.2.7/24 dev eth0");
      for (const command of setUp) link.client.exec(...command.split(" "));
      await using loop = new EventLoop((error) => {
        throw error;
      });
      await using server = new UdpServer(link.server);
      assertEquals(await server.line(), "ready");
      using exchange = openExchange(link, loop, () => {});
      exchange.send(RELEASE);
      assertEquals(await server.line(), "192.0.2.7:68 release");
      assertEquals(await exchange.flushed(1000), true);
    },
  );
}

testAsRoot(
  "DhcpExchange.flushed() ends when the exchange is closed meanwhile",
  async () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    await using loop = new EventLoop((error) => {
      throw error;
    });
    // When it gets its carrier, what waits for a hardware address is thrown away.
    await waitUntil("carrier", () => eth0Of(link.client).hasCarrier);
    const exchange = openExchange(link, loop, () => {});
    // Nobody there has this address, so it waits for a hardware address.
    exchange.send({ ...RELEASE, destination: ip("192.0.2.99") });
    const flushed = exchange.flushed(60_000);
    exchange[Symbol.dispose]();
    assertEquals(await soon(flushed, "end"), false);
    assertEquals(await exchange.flushed(60_000), true);
  },
);
