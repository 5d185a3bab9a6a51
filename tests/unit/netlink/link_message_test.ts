import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../lib/base/errors.ts";
import {
  decodeLink,
  encodeLinkByName,
  encodeLinkState,
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
