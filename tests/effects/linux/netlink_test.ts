import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../lib/base/errors.ts";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import {
  decodeAddress,
  encodeAddress,
  encodeAddressDump,
} from "../../../lib/netlink/address_message.ts";
import {
  decodeAttributes,
  encodeAttributes,
  textAttribute,
  u32Attribute,
} from "../../../lib/netlink/attribute.ts";
import {
  decodeLink,
  encodeLinkByName,
  encodeLinkState,
} from "../../../lib/netlink/link_message.ts";
import {
  decodeMessages,
  decodeStatus,
  encodeMessage,
} from "../../../lib/netlink/netlink_message.ts";
import {
  decodeNetnsId,
  encodeNetnsIdAssignment,
  encodeNetnsIdQuery,
} from "../../../lib/netlink/netns_id_message.ts";
import { decodeLinkNotification } from "../../../lib/netlink/notification.ts";
import {
  decodeRoute,
  encodeNewRoute,
  encodeOldRoute,
  encodeRouteDump,
  type Ipv4Route,
} from "../../../lib/netlink/route_message.ts";
import { findControlMessage } from "../../../lib/linux/control_message.ts";
import { ascii, hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

const EMPTY = new Uint8Array(0);
/** 192.0.2.7 */
const ADDRESS = ipv4FromBits(0xc0000207);
const DEFAULT_ROUTE: Ipv4Route = {
  ifIndex: 2,
  dst: { address: ipv4FromBits(0), prefixLength: 0 },
  gw: ipv4FromBits(0xc0000201),
  metric: 100,
};

testRows("netlink encodes", [
  {
    name: "encodeAttributes() padded to 4 bytes",
    bytes: encodeAttributes([[3, ascii("lo\0")], [4, Uint8Array.of(1)]]),
    want: `0700 0300 6c6f00 00
           0500 0400 01 000000`,
  },
  {
    name: "encodeMessage()",
    bytes: encodeMessage({
      type: 18,
      flags: 0x305,
      sequence: 7,
      body: Uint8Array.of(1, 2),
    }),
    want: `12000000 1200 0503 07000000 00000000 0102 0000`,
  },
  {
    name: "encodeLinkByName()",
    bytes: encodeLinkByName("eth0"),
    want: `00 00 0000 00000000 00000000 00000000
           0900 0300 65746830 00 000000`,
  },
  {
    name: "encodeLinkState() up",
    bytes: encodeLinkState(5, "up"),
    want: `00 00 0000 05000000 01000000 01000000`,
  },
  {
    name: "encodeLinkState() down",
    bytes: encodeLinkState(5, "down"),
    want: `00 00 0000 05000000 00000000 01000000`,
  },
  {
    name: "encodeAddressDump()",
    bytes: encodeAddressDump(),
    want: `02 00 00 00 00000000`,
  },
  {
    name: "encodeAddress() /24",
    bytes: encodeAddress({ ifIndex: 2, address: ADDRESS, prefixLength: 24 }),
    want: `02 18 00 00 02000000
           0800 0200 c0000207
           0800 0100 c0000207
           0800 0400 c00002ff`,
  },
  {
    name: "encodeAddress() /31 has no broadcast address (RFC 3021)",
    bytes: encodeAddress({ ifIndex: 2, address: ADDRESS, prefixLength: 31 }),
    want: `02 1f 00 00 02000000 0800 0200 c0000207 0800 0100 c0000207`,
  },
  {
    name: "encodeAddress() /32",
    bytes: encodeAddress({ ifIndex: 2, address: ADDRESS, prefixLength: 32 }),
    want: `02 20 00 00 02000000 0800 0200 c0000207 0800 0100 c0000207`,
  },
  {
    name: "encodeRouteDump()",
    bytes: encodeRouteDump(),
    want: `02 00 00 00 00 00 00 00 00000000`,
  },
  {
    name: "encodeNewRoute() via a router",
    bytes: encodeNewRoute(DEFAULT_ROUTE),
    want: `02 00 00 00 fe 10 00 01 04000000
           0800 0100 00000000
           0800 0400 02000000
           0800 0600 64000000
           0800 0500 c0000201`,
  },
  {
    name: "encodeNewRoute() on the link",
    bytes: encodeNewRoute({
      ifIndex: 2,
      dst: { address: ipv4FromBits(0xc6336400), prefixLength: 24 },
      gw: undefined,
      metric: 0,
    }),
    want: `02 18 00 00 fe 10 fd 01 00000000
           0800 0100 c6336400
           0800 0400 02000000
           0800 0600 00000000`,
  },
  {
    name: "encodeOldRoute() leaves protocol and scope open",
    bytes: encodeOldRoute({ ...DEFAULT_ROUTE, gw: undefined }),
    want: `02 00 00 00 fe 00 ff 00 00000000
           0800 0100 00000000
           0800 0400 02000000
           0800 0600 64000000`,
  },
  {
    name: "encodeNetnsIdQuery()",
    bytes: encodeNetnsIdQuery(9),
    want: `00000000 0800 0300 09000000`,
  },
  {
    name: "encodeNetnsIdAssignment()",
    bytes: encodeNetnsIdAssignment(9),
    want: `00000000 0800 0100 ffffffff 0800 0300 09000000`,
  },
], ({ bytes, want }) => assertEquals(bytes, hex(want)));

const LINK = `
  00 00 0100 02000000 43100100 00000000
  0900 0300 65746830 00 000000   // IFLA_IFNAME eth0
  0a00 0100 02005e100001 0000    // IFLA_ADDRESS
  0a00 0200 ffffffffffff 0000    // IFLA_BROADCAST
  0800 0400 dc050000             // IFLA_MTU 1500
  1000 1280                      // IFLA_LINKINFO, nested
    0900 0100 76657468 00 000000 // IFLA_INFO_KIND veth`;

Deno.test("decodeLink() reads an interface", () => {
  assertEquals(decodeLink(hex(LINK)), {
    index: 2,
    name: "eth0",
    htype: 1,
    macAddress: hex("02005e100001"),
    broadcastAddress: hex("ffffffffffff"),
    mtu: 1500,
    isUp: true,
    hasCarrier: true,
    kind: "veth",
  });
});

testRows("decodeLink() state", [
  { name: "down", flags: "02100000", isUp: false, hasCarrier: false },
  {
    name: "up, no carrier",
    flags: "03100000",
    isUp: true,
    hasCarrier: false,
  },
  {
    name: "up, carrier, not operational (dormant)",
    flags: "03100100",
    isUp: true,
    hasCarrier: false,
  },
  {
    name: "up, operational, lower layer down",
    flags: "43100000",
    isUp: true,
    hasCarrier: false,
  },
  { name: "up, all", flags: "43100100", isUp: true, hasCarrier: true },
], ({ flags, isUp, hasCarrier }) => {
  const body = hex(`00 00 0100 02000000 ${flags} 00000000`);
  const link = decodeLink(body);
  assertEquals([link?.isUp, link?.hasCarrier], [isUp, hasCarrier]);
});

Deno.test("decodeLink() leaves the part in a bridge out (AF_BRIDGE)", () => {
  const body = hex(LINK);
  body[0] = 7;
  assertEquals(decodeLink(body), undefined);
});

Deno.test("decodeLink() keeps nothing of the receive buffer", () => {
  const body = hex(LINK);
  const link = decodeLink(body);
  body.fill(0xff);
  assertEquals(link?.macAddress, hex("02005e100001"));
});

testRows("decodeAddress()", [
  {
    name: "reads what encodeAddress wrote",
    bytes: encodeAddress({ ifIndex: 2, address: ADDRESS, prefixLength: 24 }),
    want: { ifIndex: 2, address: ADDRESS, prefixLength: 24 },
  },
  {
    name: "takes the own side of a point-to-point link",
    bytes: hex(
      "02 20 00 00 02000000 0800 0100 c0000201 0800 0200 c0000207",
    ),
    want: { ifIndex: 2, address: ADDRESS, prefixLength: 32 },
  },
  {
    name: "leaves IPv6 out",
    bytes: hex("0a 40 00 00 02000000"),
    want: undefined,
  },
  {
    name: "leaves one without an address out",
    bytes: hex("02 18 00 00 02000000"),
    want: undefined,
  },
], ({ bytes, want }) => assertEquals(decodeAddress(bytes), want));

testRows("decodeRoute()", [
  {
    name: "reads what encodeNewRoute wrote",
    bytes: encodeNewRoute(DEFAULT_ROUTE),
    want: DEFAULT_ROUTE,
  },
  {
    name: "reads a default route without destination and metric",
    bytes: hex(
      "02 00 00 00 fe 03 00 01 00000000 0800 0400 02000000 0800 0500 c0000201",
    ),
    want: { ...DEFAULT_ROUTE, metric: 0 },
  },
  {
    name: "leaves another table out (RTA_TABLE)",
    bytes: hex(
      "02 00 00 00 fe 03 00 01 00000000 0800 0400 02000000 0800 0f00 ff000000",
    ),
    want: undefined,
  },
  {
    name: "leaves a broadcast route out",
    bytes: hex("02 00 00 00 fe 03 00 03 00000000 0800 0400 02000000"),
    want: undefined,
  },
  {
    name: "leaves a route through no or many interfaces out",
    bytes: hex("02 00 00 00 fe 03 00 01 00000000"),
    want: undefined,
  },
], ({ bytes, want }) => assertEquals(decodeRoute(bytes), want));

testRows("decodeNetnsId()", [
  { name: "a number", bytes: hex("00000000 0800 0100 05000000"), want: 5 },
  {
    name: "none assigned",
    bytes: hex("00000000 0800 0100 ffffffff"),
    want: undefined,
  },
  { name: "none given", bytes: hex("00000000"), want: undefined },
], ({ bytes, want }) => assertEquals(decodeNetnsId(bytes), want));

Deno.test("decodeMessages() reads several messages of a datagram", () => {
  const bytes = hex(
    `11000000 1000 0200 07000000 00000000 aa 000000
     10000000 0300 0000 07000000 00000000`,
  );
  assertEquals(decodeMessages(bytes), [
    { type: 16, flags: 2, sequence: 7, body: Uint8Array.of(0xaa) },
    { type: 3, flags: 0, sequence: 7, body: EMPTY },
  ]);
  assertEquals(decodeMessages(EMPTY), []);
});

testRows("decodeStatus()", [
  {
    name: "an acknowledgement",
    message: { type: 2, flags: 0x100, body: hex("00000000" + "00".repeat(16)) },
    want: { errno: 0, text: undefined },
  },
  {
    name: "an error",
    message: { type: 2, flags: 0x100, body: hex("edffffff" + "00".repeat(16)) },
    want: { errno: 19, text: undefined },
  },
  {
    name: "an error with a text",
    message: {
      type: 2,
      flags: 0x300,
      body: hex(`eaffffff ${"00".repeat(16)} 0800 0100 6e6f2100`),
    },
    want: { errno: 22, text: "no!" },
  },
  {
    name: "the end of a dump",
    message: { type: 3, flags: 2, body: hex("00000000") },
    want: { errno: 0, text: undefined },
  },
  {
    name: "the end of a dump without a status",
    message: { type: 3, flags: 2, body: EMPTY },
    want: { errno: 0, text: undefined },
  },
  {
    name: "the end of a dump with an error",
    message: { type: 3, flags: 2, body: hex("f0ffffff") },
    want: { errno: 16, text: undefined },
  },
], ({ message, want }) => {
  assertEquals(decodeStatus({ sequence: 1, ...message }), want);
});

testRows("netlink refuses", [
  { name: "a message header cut short", run: () => decodeMessages(hex("10")) },
  {
    name: "a message of length 0",
    run: () => decodeMessages(new Uint8Array(16)),
  },
  {
    name: "a message longer than the datagram",
    run: () => decodeMessages(hex("11000000 0000 0000 00000000 00000000")),
  },
  {
    name: "an attribute of length 0",
    run: () => decodeAttributes(hex("0000 0100")),
  },
  {
    name: "an attribute longer than the message",
    run: () => decodeAttributes(hex("0900 0100 00000000")),
  },
  {
    name: "an error cut short",
    run: () =>
      decodeStatus({ type: 2, flags: 0, sequence: 0, body: hex("00000000") }),
  },
  { name: "a link cut short", run: () => decodeLink(hex("00")) },
  {
    name: "an address of 3 bytes",
    run: () => decodeAddress(hex("02 18 00 00 02000000 0700 0200 c00002 00")),
  },
  {
    name: "a prefix length of 33",
    run: () => decodeAddress(hex("02 21 00 00 02000000 0800 0200 c0000207")),
  },
  {
    name: "a number of 2 bytes",
    run: () => u32Attribute(decodeAttributes(hex("0600 0100 0000 0000")), 1),
  },
  { name: "a route cut short", run: () => decodeRoute(hex("02")) },
  { name: "a namespace number cut short", run: () => decodeNetnsId(EMPTY) },
], ({ run }) => {
  assertThrows(run, DecodeError);
});

Deno.test("textAttribute() ends at the NUL or the end", () => {
  const attributes = decodeAttributes(hex("0800 0100 61006200 0600 0200 6162"));
  assertEquals(
    [1, 2, 3].map((type) => textAttribute(attributes, type)),
    ["a", "ab", undefined],
  );
});

testRows("findControlMessage()", [
  {
    name: "finds the second",
    control: `1400000000000000 01000000 01000000 aabbccdd 00000000
              1400000000000000 0e010000 08000000 05000000`,
    want: 5,
  },
  {
    name: "finds none",
    control: `1400000000000000 01000000 01000000 aabbccdd`,
    want: undefined,
  },
  { name: "empty", control: "", want: undefined },
  {
    name: "length 0",
    control: "00000000000000000000000000000000",
    want: undefined,
  },
  {
    name: "length beyond the end",
    control: `1500000000000000 0e010000 08000000 05000000`,
    want: undefined,
  },
], ({ control, want }) => {
  const found = findControlMessage(hex(control), 270, 8);
  assertEquals(found?.getUint32(0, true), want);
});

Deno.test("netlink decoders return or throw DecodeError on any bytes, and end", () => {
  // A fixed xorshift sequence: the same bytes at each run.
  let state = 0x9e3779b9;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const seeds = [
    hex(LINK),
    encodeAddress({ ifIndex: 2, address: ADDRESS, prefixLength: 24 }),
    encodeNewRoute(DEFAULT_ROUTE),
    encodeMessage({ type: 16, flags: 0, sequence: 1, body: hex(LINK) }),
  ];
  const decoders = [
    decodeLink,
    decodeAddress,
    decodeRoute,
    decodeNetnsId,
    decodeMessages,
    (bytes: Uint8Array) =>
      decodeStatus({ type: 2, flags: 0x200, sequence: 0, body: bytes }),
    (bytes: Uint8Array) => findControlMessage(bytes, 1, 1),
  ];
  for (let round = 0; round < 5_000; round++) {
    const bytes = (seeds[random() % seeds.length] ?? EMPTY).slice();
    for (let change = random() % 4; change >= 0; change--) {
      bytes[random() % bytes.length] = random() & 0xff;
    }
    const cut = bytes.subarray(0, random() % (bytes.length + 1));
    for (const decode of decoders) {
      try {
        decode(cut);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }
  }
});

const NOTICE = { flags: 0, sequence: 0 };

testRows("decodeLinkNotification()", [
  {
    name: "tells of a link",
    message: { ...NOTICE, type: 16, body: hex("00000100 07000000") },
    want: { ifIndex: 7, kind: "changed" },
  },
  {
    name: "tells of the end of a link",
    message: { ...NOTICE, type: 17, body: hex("00000100 07000000") },
    want: { ifIndex: 7, kind: "removed" },
  },
  {
    name: "tells of an address",
    message: { ...NOTICE, type: 20, body: hex("02180000 07000000") },
    want: { ifIndex: 7, kind: "changed" },
  },
  {
    name: "tells of the end of an address",
    message: { ...NOTICE, type: 21, body: hex("02180000 07000000") },
    want: { ifIndex: 7, kind: "changed" },
  },
  {
    name: "leaves out a port of a bridge",
    message: { ...NOTICE, type: 17, body: hex("07000100 07000000") },
    want: undefined,
  },
  {
    name: "leaves out what is cut short",
    message: { ...NOTICE, type: 17, body: hex("00000100 070000") },
    want: undefined,
  },
  {
    name: "leaves out routes",
    message: { ...NOTICE, type: 24, body: hex("00000100 07000000") },
    want: undefined,
  },
], ({ message, want }) => assertEquals(decodeLinkNotification(message), want));
