import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../lib/base/errors.ts";
import {
  decodeLink,
  encodeLinkByIndex,
  encodeLinkByName,
  encodeLinkState,
  isPort,
} from "../../../lib/netlink/link_message.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";
import { LINK } from "./messages.ts";

testRows("link requests", [
  {
    name: "encodeLinkByName()",
    bytes: encodeLinkByName("eth0"),
    want: `00 00 0000 00000000 00000000 00000000
           0900 0300 65746830 00 000000`,
  },
  {
    name: "encodeLinkByIndex()",
    bytes: encodeLinkByIndex(5),
    want: "00 00 0000 05000000 00000000 00000000",
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
], ({ bytes, want }) => assertEquals(bytes, hex(want)));

Deno.test("decodeLink() decodes an interface", () => {
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
    master: undefined,
  });
});

testRows("decodeLink() master", [
  { name: "a bridge", kind: "627269646765 00 00", want: "bridge", port: true },
  { name: "a bond", kind: "626f6e64 00 000000", want: "bond", port: true },
  { name: "a VRF", kind: "767266 00", want: "vrf", port: false },
], ({ kind, want, port }) => {
  const value = hex(kind.replaceAll(" 00 ", "00"));
  const name = hex(kind).indexOf(0) + 1;
  const length = (4 + name).toString(16).padStart(2, "0");
  const nested = (4 + 4 + value.length).toString(16).padStart(2, "0");
  const link = decodeLink(hex(`
    00 00 0100 02000000 43100100 00000000
    0800 0a00 07000000                     // IFLA_MASTER
    ${nested}00 1280                       // IFLA_LINKINFO, nested
      ${length}00 0400 ${kind}`));
  assertEquals(link?.master, { index: 7, kind: want });
  assertEquals(link && isPort(link), port);
});

Deno.test("isPort() is false for an interface without a master", () => {
  assertEquals(isPort({ master: undefined }), false);
});

Deno.test("isPort() is true for a master of an unknown kind", () => {
  assertEquals(isPort({ master: { index: 7, kind: undefined } }), true);
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

Deno.test("decodeLink() ignores a bridge port (AF_BRIDGE)", () => {
  const body = hex(LINK);
  body[0] = 7;
  assertEquals(decodeLink(body), undefined);
});

Deno.test("decodeLink() copies from the receive buffer", () => {
  const body = hex(LINK);
  const link = decodeLink(body);
  body.fill(0xff);
  assertEquals(link?.macAddress, hex("02005e100001"));
});

Deno.test("decodeLink() refuses a link that is cut short", () => {
  assertThrows(() => decodeLink(hex("00")), DecodeError);
});
