import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DecodeError } from "../../../../lib/base/errors.ts";
import {
  decodeMessage,
  type DhcpMessage,
  encodeMessage,
  messageTypeName,
} from "../../../../lib/dhcp/codec/dhcp_message.ts";
import { ipv4FromBits } from "../../../../lib/net/ipv4_address.ts";
import { ascii, hex } from "../../../support/bytes.ts";
import { ip, message, options } from "../../../support/dhcp_messages.ts";
import { checkProperty } from "../../../support/property.ts";
import { testRows } from "../../../support/rows.ts";
import { anyOptions } from "./any_options.ts";

// One field per line (RFC 2131 section 2).
const HEADER = `
  02                 // op: BOOTREPLY
  01                 // htype: Ethernet
  06                 // hlen
  01                 // hops
  3903f326           // xid
  0005               // secs
  8000               // flags: BROADCAST
  c0000263           // ciaddr 192.0.2.99
  c0000232           // yiaddr 192.0.2.50
  c0000201           // siaddr 192.0.2.1
  c00002fe           // giaddr 192.0.2.254
  02005e100001 00000000000000000000 // chaddr
`;
const SNAME = "626f6f74".padEnd(128, "0"); // "boot"
const FILE = "2f61".padEnd(256, "0"); // "/a"
const COOKIE = "63825363";
const ACK = hex(`
  ${HEADER} ${SNAME} ${FILE} ${COOKIE}
  35 01 05           // DHCPACK
  36 04 c0000201     // server identifier
  33 04 00000e10     // lease time
  ff
`);
const ACK_MESSAGE: DhcpMessage = {
  op: 2,
  htype: 1,
  hops: 1,
  xid: 0x3903f326,
  secs: 5,
  flags: 0x8000,
  ciaddr: ip("192.0.2.99"),
  yiaddr: ip("192.0.2.50"),
  siaddr: ip("192.0.2.1"),
  giaddr: ip("192.0.2.254"),
  chaddr: hex("02005e100001"),
  sname: ascii("boot"),
  file: ascii("/a"),
  options: options({ 53: "05", 54: "c0000201", 51: "00000e10" }),
};

Deno.test("decodeMessage() reads every field (RFC 2131 section 2)", () => {
  assertEquals(decodeMessage(ACK), ACK_MESSAGE);
});

Deno.test("encodeMessage() writes every field, padded to 300 bytes", () => {
  const want = new Uint8Array(300);
  want.set(
    hex(`
    ${HEADER} ${SNAME} ${FILE} ${COOKIE}
    35 01 05 33 04 00000e10 36 04 c0000201 ff`),
  );
  assertEquals(encodeMessage(ACK_MESSAGE), want);
});

Deno.test("decodeMessage() copies what it keeps", () => {
  const buffer = ACK.slice();
  const decoded = decodeMessage(buffer);
  buffer.fill(0xff);
  assertEquals(decoded, ACK_MESSAGE);
});

Deno.test("decodeMessage() reads the options in overloaded fields and leaves those fields empty", () => {
  const file = hex("0c 02 6131 ff".replaceAll(" ", "").padEnd(256, "0"));
  const sname = hex("0c 02 6232 ff".replaceAll(" ", "").padEnd(128, "0"));
  const bytes = Uint8Array.of(
    ...ACK.slice(0, 44),
    ...sname,
    ...file,
    ...hex(`${COOKIE} 35 01 05 34 01 03 ff`),
  );
  const decoded = decodeMessage(bytes);
  assertEquals(
    [decoded.sname, decoded.file, decoded.options],
    [hex(""), hex(""), options({ 53: "05", 12: "61316232" })],
  );
});

testRows("decodeMessage() accepts", [
  { name: "a message without End", bytes: ACK.slice(0, -1) },
  { name: "padding after End", bytes: Uint8Array.of(...ACK, 0, 0, 0) },
], ({ bytes }) => {
  assertEquals(decodeMessage(bytes), ACK_MESSAGE);
});

function changed(offset: number, value: number): Uint8Array {
  const bytes = ACK.slice();
  bytes[offset] = value;
  return bytes;
}

testRows("decodeMessage() refuses", [
  { name: "an empty message", bytes: hex("") },
  { name: "a truncated header", bytes: ACK.slice(0, 200) },
  {
    name: "a plain BOOTP message without magic cookie",
    bytes: ACK.slice(0, 236),
  },
  { name: "half a magic cookie", bytes: ACK.slice(0, 238) },
  { name: "another magic cookie", bytes: changed(236, 0x64) },
  { name: "hlen 17", bytes: changed(2, 17) },
  { name: "hlen 255", bytes: changed(2, 255) },
  { name: "a truncated option", bytes: ACK.slice(0, -3) },
], ({ bytes }) => {
  assertThrows(() => decodeMessage(bytes), DecodeError);
});

testRows("decodeMessage() accepts hlen", [
  { name: "0 (RFC 4390)", hlen: 0, want: "" },
  { name: "16", hlen: 16, want: "02005e10000100000000000000000000" },
], ({ hlen, want }) => {
  assertEquals(decodeMessage(changed(2, hlen)).chaddr, hex(want));
});

testRows("encodeMessage() refuses", [
  { name: "a chaddr of 17 bytes", fields: { chaddr: new Uint8Array(17) } },
  { name: "an sname of 65 bytes", fields: { sname: new Uint8Array(65) } },
  { name: "a file of 129 bytes", fields: { file: new Uint8Array(129) } },
  { name: "an xid of 33 bits", fields: { xid: 2 ** 32 } },
], ({ fields }) => {
  assertThrows(() => encodeMessage(message(fields)), RangeError);
});

Deno.test("messageTypeName() knows exactly the eight types of RFC 2132 section 9.6", () => {
  assertEquals(
    [1, 2, 3, 4, 5, 6, 7, 8, 0, 9].map(messageTypeName),
    [
      "DISCOVER",
      "OFFER",
      "REQUEST",
      "DECLINE",
      "ACK",
      "NAK",
      "RELEASE",
      "INFORM",
      undefined,
      undefined,
    ],
  );
});

const name = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.array(fc.integer({ min: 1, max: 255 }), { maxLength })
    .map((bytes) => Uint8Array.from(bytes));
const address = fc.nat(0xffffffff).map(ipv4FromBits);
const anyMessage: fc.Arbitrary<DhcpMessage> = fc.record({
  op: fc.nat(255),
  htype: fc.nat(255),
  hops: fc.nat(255),
  xid: fc.nat(0xffffffff),
  secs: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  ciaddr: address,
  yiaddr: address,
  siaddr: address,
  giaddr: address,
  chaddr: fc.uint8Array({ maxLength: 16 }),
  sname: name(64),
  file: name(128),
  options: anyOptions,
});

Deno.test("decodeMessage() returns what encodeMessage() encoded, for any message", () => {
  checkProperty(fc.property(anyMessage, (given) => {
    assertEquals(decodeMessage(encodeMessage(given)), given);
  }));
});
