import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../lib/base/errors.ts";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import {
  decodeAddress,
  encodeAddress,
  encodeAddressDump,
} from "../../../lib/netlink/address_message.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

/** 192.0.2.7 */
const ADDRESS = ipv4FromBits(0xc0000207);

testRows("address requests", [
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
], ({ bytes, want }) => assertEquals(bytes, hex(want)));

testRows("decodeAddress()", [
  {
    name: "inverts encodeAddress()",
    bytes: encodeAddress({ ifIndex: 2, address: ADDRESS, prefixLength: 24 }),
    want: { ifIndex: 2, address: ADDRESS, prefixLength: 24 },
  },
  {
    name: "returns the local address of a point-to-point link",
    bytes: hex(
      "02 20 00 00 02000000 0800 0100 c0000201 0800 0200 c0000207",
    ),
    want: { ifIndex: 2, address: ADDRESS, prefixLength: 32 },
  },
  {
    name: "ignores IPv6",
    bytes: hex("0a 40 00 00 02000000"),
    want: undefined,
  },
  {
    name: "ignores a message without an address",
    bytes: hex("02 18 00 00 02000000"),
    want: undefined,
  },
], ({ bytes, want }) => assertEquals(decodeAddress(bytes), want));

testRows("decodeAddress() refuses", [
  { name: "a message that is cut short", bytes: hex("02 18 00 00 020000") },
  {
    name: "an address of 3 bytes",
    bytes: hex("02 18 00 00 02000000 0700 0200 c00002 00"),
  },
  {
    name: "a prefix length of 33",
    bytes: hex("02 21 00 00 02000000 0800 0200 c0000207"),
  },
], ({ bytes }) => {
  assertThrows(() => decodeAddress(bytes), DecodeError);
});
