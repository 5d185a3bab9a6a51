import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import {
  type Datagram,
  SendRefusedError,
} from "../../../../lib/dhcp/daemon/ports.ts";
import { encodeIpv4Udp } from "../../../../lib/net/ipv4_udp.ts";
import {
  LIMITED_BROADCAST,
  UNSPECIFIED_ADDRESS,
} from "../../../../lib/net/ipv4_address.ts";
import {
  dhcpReplyFilter,
  ETHER_TYPE,
} from "../../../../lib/net/packet_filter.ts";
import { InterfaceSocket } from "../../../../lib/dhcp/host/dhcp_socket.ts";
import { SyscallError } from "../../../../lib/linux/errno.ts";
import { EventLoop } from "../../../../lib/linux/event_loop.ts";
import { openLinkControl } from "../../../../lib/linux/link_control.ts";
import { openPacketSocket } from "../../../../lib/linux/packet_socket.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { waitUntil } from "../../../../tools/lab/waiting.ts";
import {
  TestLink,
  type TestNetns,
} from "../../../support/network_namespaces.ts";
import { testAsRoot, testWith } from "../../../support/requirements.ts";
import { testRows } from "../../../support/rows.ts";
import { UdpServer } from "../../../support/udp_server.ts";
import { Mailbox, soon } from "../../../support/waiting.ts";
import type { LinkInfo } from "../../../../lib/netlink/link_message.ts";

const XID = 0x01020304;
const DISCOVER: Datagram = {
  xid: XID,
  source: UNSPECIFIED_ADDRESS,
  destination: LIMITED_BROADCAST,
  bytes: new Uint8Array(300),
};

function eth0Of(network: TestNetns): LinkInfo {
  using netns = network.open();
  using control = openLinkControl(netns);
  const link = control.find("eth0");
  if (link === undefined) throw new Error("no eth0");
  return link;
}

/** Opens a socket on the client's `eth0`. */
function openSocket(
  { client }: TestLink,
  loop: EventLoop,
  onReadable: () => void = () => {},
): InterfaceSocket {
  return new InterfaceSocket({
    loop,
    link: eth0Of(client),
    enter: (body) => {
      using entered = client.open();
      return body(entered);
    },
    server: undefined,
    onReadable,
  });
}

/** Broadcasts `count` replies and waits until all have arrived, before the loop runs again. */
function flood(link: TestLink, count: number): void {
  using clientNetns = link.client.open();
  using witness = openPacketSocket(clientNetns, {
    ifIndex: eth0Of(link.client).index,
    etherType: ETHER_TYPE.ipv4,
    filter: dhcpReplyFilter(XID),
  });
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
  const everyHost = new Uint8Array(6).fill(0xff);
  for (let sent = 0; sent < count; sent++) socket.send(packet, everyHost);
  const endMs = performance.now() + 60_000;
  for (let arrived = 0; arrived < count;) {
    if (witness.receive() !== undefined) arrived++;
    else if (performance.now() > endMs) throw new Error("frames were lost");
  }
}

testAsRoot(
  "InterfaceSocket.receive() returns 64 packets, and the rest when called again",
  async () => {
    using link = new TestLink();
    await using loop = new EventLoop((error) => {
      throw error;
    });
    const turns = new Mailbox<number>();
    using socket = openSocket(
      link,
      loop,
      () => turns.put([...socket.receive()].length),
    );
    socket.send(DISCOVER);
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
      name: "a firewall that drops all outgoing packets",
      setUp: [
        "nft add table ip closed",
        "nft add chain ip closed out { type filter hook output priority 0; policy drop; }",
      ],
    },
  ]
) {
  testWith(
    ["root", "command:nft"],
    `InterfaceSocket sends from the leased address behind ${name}`,
    async () => {
      using link = new TestLink();
      link.client.ip("addr add 192.0.2.7/24 dev eth0");
      for (const command of setUp) link.client.exec(...command.split(" "));
      await using loop = new EventLoop((error) => {
        throw error;
      });
      await using server = new UdpServer(link.server);
      assertEquals(await server.line(), "ready");
      using socket = openSocket(link, loop);
      socket.send(RELEASE);
      assertEquals(await server.line(), "192.0.2.7:68 release");
      assertEquals(await socket.flushed(60_000), true);
    },
  );
}

testAsRoot(
  "InterfaceSocket.flushed() ends when the socket is closed",
  async () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    await using loop = new EventLoop((error) => {
      throw error;
    });
    // The kernel drops packets that wait for a hardware address when the carrier comes up.
    await waitUntil("carrier", () => eth0Of(link.client).hasCarrier);
    const socket = openSocket(link, loop);
    // No host has this address, so the packet waits for a hardware address.
    socket.send({ ...RELEASE, destination: ip("192.0.2.99") });
    const flushed = socket.flushed(60_000);
    socket[Symbol.dispose]();
    assertEquals(await soon(flushed, "end"), false);
    assertEquals(await socket.flushed(60_000), true);
  },
);

testAsRoot(
  "InterfaceSocket.send() is refused for good if the MTU is too small",
  async () => {
    using link = new TestLink();
    link.client.ip("link set eth0 mtu 68");
    await using loop = new EventLoop((error) => {
      throw error;
    });
    using socket = openSocket(link, loop);
    const { advice } = assertThrows(
      () => socket.send(DISCOVER),
      SendRefusedError,
      "message too long",
    );
    assertEquals(advice, "set the MTU of eth0 to at least 576");
  },
);

testRows("InterfaceSocket.send() without a socket", [
  { name: "is refused for good without a capability", errno: 1, refused: true },
  { name: "is refused for good by a sandbox", errno: 97, refused: true },
  { name: "fails for now without memory", errno: 12, refused: false },
], async ({ errno, refused }) => {
  await using loop = new EventLoop((error) => {
    throw error;
  });
  const link = {
    index: 2,
    name: "eth0",
    htype: 1,
    macAddress: new Uint8Array(6),
    broadcastAddress: new Uint8Array(6).fill(0xff),
    mtu: 1500,
    isUp: true,
    hasCarrier: true,
    kind: "veth",
    master: undefined,
  };
  using socket = new InterfaceSocket({
    loop,
    link,
    enter: () => {
      throw new SyscallError("socket", errno);
    },
    server: undefined,
    onReadable: () => {},
  });
  const error = assertThrows(() => socket.send(DISCOVER), SystemError);
  assertEquals(error instanceof SendRefusedError, refused);
});
