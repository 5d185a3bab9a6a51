import { assertEquals } from "@std/assert";
import {
  arpFilter,
  BPF,
  type BpfInstruction,
  dhcpReplyFilter,
  DROP_ALL,
  encodeBpf,
  ETHER_TYPE,
} from "../../../lib/net/packet_filter.ts";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import { encodeIpv4Udp } from "../../../lib/net/ipv4_udp.ts";
import { type PacketFacts, runBpf } from "../../support/bpf_machine.ts";
import { testRows } from "../../support/rows.ts";

const XID = 0xdeadbeef;

function reply({ port = 68, op = 2, xid = XID } = {}): Uint8Array {
  const payload = new Uint8Array(300);
  const view = new DataView(payload.buffer);
  view.setUint8(0, op);
  view.setUint32(4, xid);
  return encodeIpv4Udp({
    source: ipv4FromBits(0xc0000201),
    sourcePort: 67,
    destination: ipv4FromBits(0xffffffff),
    destinationPort: port,
  }, payload);
}

/** Returns the packet with bytes replaced, by offset. */
function changed(
  packet: Uint8Array,
  bytes: Readonly<Record<number, number>>,
): Uint8Array {
  const copy = packet.slice();
  for (const [offset, byte] of Object.entries(bytes)) {
    copy[Number(offset)] = byte;
  }
  return copy;
}

/** Returns the packet with `words` words of header options. */
function withIpOptions(packet: Uint8Array, words: number): Uint8Array {
  const options = new Uint8Array(words * 4).fill(1);
  return Uint8Array.of(
    0x45 + words,
    ...packet.subarray(1, 20),
    ...options,
    ...packet.subarray(20),
  );
}

interface FilterRow {
  readonly name: string;
  readonly packet: Uint8Array;
  readonly facts?: PacketFacts;
  readonly xid?: number;
  readonly passes: boolean;
}

testRows<FilterRow>("dhcpReplyFilter()", [
  { name: "passes a reply", packet: reply(), passes: true },
  {
    name: "passes a broadcast frame",
    packet: reply(),
    facts: { packetType: 1 },
    passes: true,
  },
  {
    name: "passes a frame to another hardware address, such as a bridge's",
    packet: reply(),
    facts: { packetType: 3 },
    passes: true,
  },
  {
    name: "drops a frame that the host sends",
    packet: reply(),
    facts: { packetType: 4 },
    passes: false,
  },
  {
    name: "drops another protocol",
    packet: reply(),
    facts: { protocol: 0x0806 },
    passes: false,
  },
  {
    name: "drops a frame with two VLAN tags",
    packet: reply(),
    facts: { protocol: 0x8100 },
    passes: false,
  },
  {
    name: "drops a frame of a VLAN",
    packet: reply(),
    facts: { vlanTag: 0x0005 },
    passes: false,
  },
  {
    name: "passes a frame with a priority tag (IEEE 802.1Q: VLAN 0)",
    packet: reply(),
    facts: { vlanTag: 0xa000 },
    passes: true,
  },
  { name: "drops another port", packet: reply({ port: 67 }), passes: false },
  { name: "drops a request", packet: reply({ op: 1 }), passes: false },
  {
    name: "drops IPv6",
    packet: changed(reply(), { 0: 0x65 }),
    passes: false,
  },
  { name: "drops TCP", packet: changed(reply(), { 9: 6 }), passes: false },
  {
    name: "drops a first fragment",
    packet: changed(reply(), { 6: 0x20 }),
    passes: false,
  },
  {
    name: "drops a later fragment",
    packet: changed(reply(), { 7: 1 }),
    passes: false,
  },
  {
    name: "passes Don't Fragment",
    packet: changed(reply(), { 6: 0x40 }),
    passes: true,
  },
  {
    name: "skips header options",
    packet: withIpOptions(reply(), 10),
    passes: true,
  },
  {
    name: "drops a packet that ends before the port",
    packet: reply().subarray(0, 23),
    passes: false,
  },
  {
    name: "drops a packet that ends before the message",
    packet: reply().subarray(0, 28),
    passes: false,
  },
  { name: "drops an empty packet", packet: new Uint8Array(0), passes: false },
  { name: "drops another xid", packet: reply(), xid: 1, passes: false },
  { name: "passes xid 0", packet: reply({ xid: 0 }), xid: 0, passes: true },
], ({ packet, facts, xid = XID, passes }) => {
  assertEquals(runBpf(dhcpReplyFilter(xid), packet, facts) > 0, passes);
});

Deno.test("dhcpReplyFilter() passes a packet in full", () => {
  assertEquals(runBpf(dhcpReplyFilter(XID), reply()), 0xffff);
});

function arp(sender: number, target: number): Uint8Array {
  const packet = new Uint8Array(28);
  const view = new DataView(packet.buffer);
  view.setUint32(14, sender);
  view.setUint32(24, target);
  return packet;
}

testRows<Omit<FilterRow, "xid">>("arpFilter()", [
  { name: "passes a claim", packet: arp(0xc0000205, 1), passes: true },
  { name: "passes a probe", packet: arp(0, 0xc0000205), passes: true },
  { name: "drops other addresses", packet: arp(1, 2), passes: false },
  { name: "drops a short packet", packet: new Uint8Array(27), passes: false },
  {
    name: "drops a packet that the host sends",
    packet: arp(0xc0000205, 1),
    facts: { packetType: 4 },
    passes: false,
  },
  {
    name: "drops a packet of a VLAN",
    packet: arp(0xc0000205, 1),
    facts: { vlanTag: 0x0005 },
    passes: false,
  },
  {
    name: "drops another protocol",
    packet: arp(0xc0000205, 1),
    facts: { protocol: ETHER_TYPE.ipv4 },
    passes: false,
  },
], ({ packet, facts, passes }) => {
  const given = { protocol: ETHER_TYPE.arp, ...facts };
  assertEquals(runBpf(arpFilter(0xc0000205), packet, given) > 0, passes);
});

Deno.test("DROP_ALL drops a reply", () => {
  assertEquals(runBpf(DROP_ALL, reply()), 0);
});

Deno.test("encodeBpf() encodes instructions as struct sock_filter", () => {
  const program: BpfInstruction[] = [
    { code: BPF.jeq, jt: 3, jf: 4, k: 0xfffff004 },
    { code: BPF.ret, jt: 0, jf: 0, k: 0xffff },
  ];
  assertEquals(
    encodeBpf(program),
    Uint8Array.of(
      ...[0x15, 0, 3, 4, 0x04, 0xf0, 0xff, 0xff],
      ...[0x06, 0, 0, 0, 0xff, 0xff, 0, 0],
    ),
  );
});
