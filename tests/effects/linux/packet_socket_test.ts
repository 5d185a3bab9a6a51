import { assert, assertEquals, assertThrows } from "@std/assert";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import {
  decodeIpv4Udp,
  encodeIpv4Udp,
  type UdpEndpoints,
} from "../../../lib/net/ipv4_udp.ts";
import {
  arpFilter,
  BPF,
  type BpfInstruction,
  dhcpReplyFilter,
  ETHER_TYPE,
} from "../../../lib/net/packet_filter.ts";
import { backgroundClosesDone } from "../../../lib/linux/background_close.ts";
import { SyscallError } from "../../../lib/linux/errno.ts";
import { EPOLL, EventLoop } from "../../../lib/linux/event_loop.ts";
import { openLinkControl } from "../../../lib/linux/link_control.ts";
import {
  openPacketSocket,
  type PacketSocket,
  type ReceivedPacket,
} from "../../../lib/linux/packet_socket.ts";
import { waitFor, waitUntil } from "../../../tools/lab/waiting.ts";
import { TestLink, type TestNetns } from "../../support/network_namespaces.ts";
import { Mailbox } from "../../support/waiting.ts";
import { missing, skipped, testAsRoot } from "../../support/requirements.ts";

const ALL: readonly BpfInstruction[] = [
  { code: BPF.ret, jt: 0, jf: 0, k: 0xffff },
];
const BROADCAST = new Uint8Array(6).fill(0xff);
const XID = 0x01020304;

/** Encodes a broadcast BOOTP reply with `mark` in its third byte. */
function reply(
  mark: number,
  { xid = XID, ...endpoints }: Partial<UdpEndpoints> & { xid?: number } = {},
): Uint8Array {
  const payload = new Uint8Array(300);
  payload.set([2, 1, mark, 0]);
  new DataView(payload.buffer).setUint32(4, xid);
  return encodeIpv4Udp({
    source: ipv4FromBits(0xc0000201),
    sourcePort: 67,
    destination: ipv4FromBits(0xffffffff),
    destinationPort: 68,
    ...endpoints,
  }, payload);
}

function open(
  place: TestNetns,
  filter: readonly BpfInstruction[],
  etherType: number = ETHER_TYPE.ipv4,
): PacketSocket {
  using netns = place.open();
  using control = openLinkControl(netns);
  const ifIndex = control.find("eth0")?.index ?? 0;
  return openPacketSocket(netns, { ifIndex, etherType, filter });
}

function macOf(place: TestNetns): Uint8Array {
  using netns = place.open();
  using control = openLinkControl(netns);
  return control.find("eth0")?.macAddress ?? new Uint8Array(0);
}

/**
 * Waits for the next packet. On a busy machine the kernel delivers a frame some time after it is
 * sent.
 */
async function arrival(
  socket: PacketSocket,
): Promise<Pick<ReceivedPacket, "packet" | "checksum">> {
  return await waitFor("packet", () => {
    const received = socket.receive();
    return received && { ...received, packet: received.packet.slice() };
  });
}

/** Waits for the next packet and returns its mark. */
async function arrivingMark(socket: PacketSocket): Promise<number | string> {
  return await waitFor("packet", () => markOf(socket));
}

/** Receives a packet and returns its mark, or why it was dropped. */
function markOf(socket: PacketSocket): number | string | undefined {
  const received = socket.receive();
  if (received === undefined) return undefined;
  const result = decodeIpv4Udp(received.packet, received.checksum);
  return result.kind === "decoded" ? result.datagram.payload[2] : result.reason;
}

function failOnError(error: unknown): void {
  throw error;
}

testAsRoot(
  "PacketSocket.receive() returns what the peer sends, and the hardware address of the peer",
  async () => {
    using link = new TestLink();
    await using loop = new EventLoop(failOnError);
    using client = open(link.client, dhcpReplyFilter(XID));
    using server = open(link.server, ALL);
    const marks = new Mailbox<number | string | undefined>();
    const senders = new Mailbox<Uint8Array>();
    using _watch = loop.watch(client.descriptor, EPOLL.IN, () => {
      const received = client.receive();
      if (received === undefined) return;
      const result = decodeIpv4Udp(received.packet, received.checksum);
      if (result.kind === "decoded") marks.put(result.datagram.payload[2]);
      senders.put(received.sender.slice());
    });
    server.send(reply(7), BROADCAST);
    assertEquals(await marks.take("packet"), 7);
    assertEquals(await senders.take("sender"), macOf(link.server));
  },
);

testAsRoot(
  "PacketSocket is not woken by packets that its filter drops",
  async () => {
    using link = new TestLink();
    await using loop = new EventLoop(failOnError);
    using client = open(link.client, dhcpReplyFilter(XID));
    using server = open(link.server, ALL);
    using otherProtocol = open(link.server, ALL, ETHER_TYPE.arp);
    const marks = new Mailbox<number | string | undefined>();
    let wakes = 0;
    using _watch = loop.watch(client.descriptor, EPOLL.IN, () => {
      wakes += 1;
      marks.put(markOf(client));
    });
    server.send(reply(1, { destinationPort: 69 }), BROADCAST);
    server.send(reply(2, { xid: 99 }), BROADCAST);
    otherProtocol.send(reply(3), BROADCAST);
    server.send(Uint8Array.of(0x45), BROADCAST);
    link.server.ip("link set eth0 mtu 1400");
    server.send(reply(4), BROADCAST);
    assertEquals(await marks.take("packet"), 4);
    assertEquals(wakes, 1);
  },
);

testAsRoot("PacketSocket.setFilter() applies to later packets", async () => {
  using link = new TestLink();
  // The kernel delivers a frame to the socket that was opened last first.
  using witness = open(link.client, ALL);
  using client = open(link.client, dhcpReplyFilter(1));
  using server = open(link.server, ALL);
  server.send(reply(1, { xid: 2 }), BROADCAST);
  assertEquals(await arrivingMark(witness), 1);
  client.setFilter(dhcpReplyFilter(2));
  server.send(reply(2, { xid: 2 }), BROADCAST);
  assertEquals(await arrivingMark(client), 2);
  assertEquals(markOf(client), undefined);
});

testAsRoot(
  "PacketSocket.receive() skips an offloaded checksum that is not computed yet",
  async () => {
    using link = new TestLink();
    using client = open(link.client, dhcpReplyFilter(0));
    // A UDP socket leaves the checksum to the network card, and a veth pair has none.
    const perl = `use Socket;
    socket(S, PF_INET, SOCK_DGRAM, 0); setsockopt(S, SOL_SOCKET, SO_BROADCAST, 1);
    setsockopt(S, SOL_SOCKET, 25, "eth0\\0");
    bind(S, sockaddr_in(67, INADDR_ANY)) or die $!;
    send(S, pack("C3x300", 2, 1, 9), 0, sockaddr_in(68, INADDR_BROADCAST)) or die $!;`;
    link.server.exec("perl", "-e", perl);
    const { packet, checksum } = await arrival(client);
    assertEquals(checksum, "skip");
    assertEquals(decodeIpv4Udp(packet, "verify"), {
      kind: "dropped",
      reason: "udp-checksum",
    });
    assertEquals(decodeIpv4Udp(packet, "skip").kind, "decoded");
  },
);

testAsRoot(
  "PacketSocket.receive() verifies a checksum that the sender computed",
  async () => {
    using link = new TestLink();
    using client = open(link.client, dhcpReplyFilter(XID));
    using server = open(link.server, ALL);
    server.send(reply(1), BROADCAST);
    assertEquals((await arrival(client)).checksum, "verify");
  },
);

testAsRoot(
  "PacketSocket.receive() continues after the link was down",
  async () => {
    using link = new TestLink();
    using client = open(link.client, dhcpReplyFilter(XID));
    using server = open(link.server, ALL);
    link.client.ip("link set eth0 down");
    assertEquals(client.receive(), undefined);
    const error = assertThrows(
      () => client.send(reply(1), BROADCAST),
      SyscallError,
    );
    assertEquals(error.errnoName, "ENETDOWN");
    link.client.ip("link set eth0 up");
    link.untilOperational();
    server.send(reply(2), BROADCAST);
    assertEquals(await arrivingMark(client), 2);
  },
);

// An attacker's replies must not crowd out the server's.
testAsRoot(
  "PacketSocket.receive() returns what comes after a burst of 600 packets",
  async () => {
    using link = new TestLink();
    using client = open(link.client, ALL);
    using server = open(link.server, ALL);
    for (let sent = 0; sent < 600; sent++) server.send(reply(1), BROADCAST);
    server.send(reply(2), BROADCAST);
    await waitUntil("last packet", () => {
      for (;;) {
        const mark = markOf(client);
        if (mark === undefined || mark === 2) return mark === 2;
      }
    });
  },
);

testAsRoot("PacketSocket.send() throws ENXIO if the link is gone", () => {
  using link = new TestLink();
  using client = open(link.client, dhcpReplyFilter(XID));
  link.client.ip("link del eth0");
  assertEquals(client.receive(), undefined);
  const error = assertThrows(
    () => client.send(reply(1), BROADCAST),
    SyscallError,
  );
  assertEquals(error.errnoName, "ENXIO");
});

testAsRoot("PacketSocket.receive() ignores frames of a VLAN", async () => {
  using link = new TestLink();
  using client = open(link.client, dhcpReplyFilter(XID));
  const index = link.server.list("link show eth0")[0].ifindex;
  const hex = [...reply(1)].map((byte) => byte.toString(16).padStart(2, "0"));
  // Complete frames: broadcast, tagged with VLAN 5, then with priority 5 and no VLAN.
  const perl = `socket(S, 17, 3, 0) or die $!;
    for my $tag ("0005", "a000") {
      send(S, pack("H*", "ffffffffffff020000000002" . "8100$tag" . "0800${
    hex.join("")
  }"), 0, pack("SnlSCCx8", 17, 0x800, ${index}, 0, 0, 6)) or die $!;
    }`;
  link.server.exec("perl", "-e", perl);
  assertEquals(await arrivingMark(client), 1);
  assertEquals(markOf(client), undefined);
});

/** Configurations of `eth0` that take its frames before its own network sees them. */
const REDIRECTIONS = [
  {
    name: "a bridge port",
    commands: [
      ["ip", "link add br0 type bridge"],
      ["ip", "link set eth0 master br0"],
      ["ip", "link set br0 up"],
    ],
  },
  {
    name: "an interface whose ingress tc(8) redirects",
    commands: [
      ["ip", "link add out0 type veth peer name out1"],
      ["ip", "link set out0 up"],
      ["tc", "qdisc add dev eth0 ingress"],
      [
        "tc",
        "filter add dev eth0 parent ffff: matchall action mirred egress redirect dev out0",
      ],
    ],
  },
  {
    name: "an interface whose ingress nft(8) forwards",
    commands: [
      ["ip", "link add out0 type veth peer name out1"],
      ["ip", "link set out0 up"],
      [
        "nft",
        "add table netdev t; add chain netdev t c { type filter hook ingress device eth0 priority 0; }; add rule netdev t c fwd to out0",
      ],
    ],
  },
  {
    name: "the lower interface of a macvlan in passthru mode",
    commands: [
      ["ip", "link add mac0 link eth0 type macvlan mode passthru"],
      ["ip", "link set mac0 up"],
    ],
  },
] as const;

for (const { name, commands } of REDIRECTIONS) {
  const test = `PacketSocket.receive() works on ${name}`;
  const reason = missing("root") ?? refusal(commands);
  if (reason !== undefined) {
    skipped(test, reason);
    continue;
  }
  Deno.test(test, async () => {
    using link = new TestLink();
    using client = open(link.client, dhcpReplyFilter(XID));
    using server = open(link.server, ALL);
    const mac = macOf(link.client);
    configure(link.client, commands);
    server.send(reply(1), BROADCAST);
    assertEquals(await arrivingMark(client), 1);
    server.send(reply(2), mac);
    assertEquals(await arrivingMark(client), 2);
    server.send(reply(3), Uint8Array.of(2, 0, 0, 0, 0, 1));
    assertEquals(await arrivingMark(client), 3);
  });
}

function configure(
  place: TestNetns,
  commands: readonly (readonly [string, string])[],
): void {
  for (const [program, words] of commands) {
    // nft takes one text, the others take words.
    const args = program === "nft" ? [words] : words.split(" ");
    place.exec(program, ...args);
  }
}

/** Returns why this kernel cannot be configured like this. */
function refusal(
  commands: Parameters<typeof configure>[1],
): string | undefined {
  using link = new TestLink();
  try {
    configure(link.client, commands);
    return undefined;
  } catch (error) {
    const [, text = String(error)] = /.*Error: (.*)/.exec(String(error)) ?? [];
    return `kernel ${Deno.osRelease()}: ${text}`;
  }
}

testAsRoot(
  "PacketSocket.receive() ignores what the host itself sends",
  async () => {
    using link = new TestLink();
    using client = open(link.client, dhcpReplyFilter(XID));
    using sibling = open(link.client, ALL);
    using server = open(link.server, ALL);
    client.send(reply(1), BROADCAST);
    sibling.send(reply(2), BROADCAST);
    server.send(reply(3), BROADCAST);
    assertEquals(await arrivingMark(client), 3);
    assertEquals(markOf(client), undefined);
  },
);

testAsRoot("openPacketSocket() receives ARP", async () => {
  using link = new TestLink();
  using client = open(link.client, arpFilter(0xc0000205), ETHER_TYPE.arp);
  using server = open(link.server, ALL, ETHER_TYPE.arp);
  const claim = new Uint8Array(28);
  new DataView(claim.buffer).setUint32(14, 0xc0000205);
  server.send(claim, BROADCAST);
  assertEquals((await arrival(client)).packet, claim);
});

testAsRoot(
  "openPacketSocket() throws ENODEV if there is no such interface",
  () => {
    using link = new TestLink();
    using netns = link.client.open();
    const error = assertThrows(
      () =>
        openPacketSocket(netns, {
          ifIndex: 4711,
          etherType: ETHER_TYPE.ipv4,
          filter: ALL,
        }),
      SyscallError,
      "bind interface 4711: no such device",
    );
    assertEquals(error.errnoName, "ENODEV");
  },
);

testAsRoot(
  "PacketSocket counts as closed at once, and is closed soon",
  async () => {
    using link = new TestLink();
    const descriptors = async (): Promise<number> => {
      const { stdout } = await new Deno.Command("ls", {
        args: [`/proc/${Deno.pid}/fd`],
      }).output();
      return new TextDecoder().decode(stdout).split("\n").length;
    };
    await backgroundClosesDone();
    const before = await descriptors();
    const sockets = Array.from({ length: 20 }, () => open(link.client, ALL));
    sockets.forEach((socket) => socket[Symbol.dispose]());
    for (const socket of sockets) {
      assertThrows(() => socket.receive(), TypeError, "closed");
      socket[Symbol.dispose]();
    }
    await backgroundClosesDone();
    // Deno opens and closes descriptors of its own meanwhile.
    assert(await descriptors() < before + sockets.length / 2);
  },
);
