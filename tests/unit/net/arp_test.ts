import { assertEquals } from "@std/assert";
import {
  decodeArp,
  encodeArpAnnouncement,
  encodeArpProbe,
  isArpConflict,
} from "../../../lib/net/arp.ts";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

const OWN = hex("02005e100001");
const ADDRESS = ipv4FromBits(0xc0000205);

Deno.test("encodeArpProbe() asks with sender address 0.0.0.0 (RFC 5227 section 2.1.1)", () => {
  assertEquals(
    encodeArpProbe(OWN, ADDRESS),
    hex(`0001 0800 06 04 0001
         02005e100001 00000000
         000000000000 c0000205`),
  );
});

Deno.test("encodeArpAnnouncement() asks for the sender's own address (RFC 5227 section 2.3)", () => {
  assertEquals(
    encodeArpAnnouncement(OWN, ADDRESS),
    hex(`0001 0800 06 04 0001
         02005e100001 c0000205
         000000000000 c0000205`),
  );
});

testRows("decodeArp() ignores", [
  { name: "a packet that is cut short", packet: new Uint8Array(27) },
  {
    name: "another protocol",
    packet: hex(`0001 86dd 06 04 0001 ${"00".repeat(20)}`),
  },
  {
    name: "hardware addresses of another length",
    packet: hex(`0001 0800 08 04 0001 ${"00".repeat(20)}`),
  },
  {
    name: "protocol addresses of another length",
    packet: hex(`0001 0800 06 10 0001 ${"00".repeat(20)}`),
  },
], ({ packet }) => assertEquals(decodeArp(packet), undefined));

testRows("isArpConflict()", [
  {
    name: "a reply of another host",
    packet: "0002 02005e100009 c0000205 02005e100001 00000000",
    want: true,
  },
  {
    name: "an announcement of another host",
    packet: "0001 02005e100009 c0000205 000000000000 c0000205",
    want: true,
  },
  {
    name: "a request of the host that has it",
    packet: "0001 02005e100009 c0000205 000000000000 c0000201",
    want: true,
  },
  {
    name: "a probe of another host",
    packet: "0001 02005e100009 00000000 000000000000 c0000205",
    want: true,
  },
  {
    name: "an own probe that returns",
    packet: "0001 02005e100001 00000000 000000000000 c0000205",
    want: false,
  },
  {
    name: "a request for it by another host",
    packet: "0001 02005e100009 c0000201 000000000000 c0000205",
    want: false,
  },
  {
    name: "a probe for another address",
    packet: "0001 02005e100009 00000000 000000000000 c0000206",
    want: false,
  },
], ({ packet, want }) => {
  const decoded = decodeArp(hex(`0001 0800 06 04 ${packet}`));
  assertEquals(decoded && isArpConflict(decoded, ADDRESS, OWN), want);
});
