import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../lib/base/errors.ts";
import {
  decodeAttributes,
  encodeAttributes,
  textAttribute,
  u32Attribute,
} from "../../../lib/netlink/attribute.ts";
import { ascii, hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

Deno.test("encodeAttributes() pads each attribute to 4 bytes", () => {
  assertEquals(
    encodeAttributes([[3, ascii("lo\0")], [4, Uint8Array.of(1)]]),
    hex(`0700 0300 6c6f00 00
         0500 0400 01 000000`),
  );
});

testRows("decodeAttributes() refuses", [
  { name: "an attribute of length 0", bytes: hex("0000 0100") },
  {
    name: "an attribute longer than the message",
    bytes: hex("0900 0100 00000000"),
  },
], ({ bytes }) => {
  assertThrows(() => decodeAttributes(bytes), DecodeError);
});

Deno.test("u32Attribute() refuses a number of 2 bytes", () => {
  const attributes = decodeAttributes(hex("0600 0100 0000 0000"));
  assertThrows(() => u32Attribute(attributes, 1), DecodeError);
});

Deno.test("textAttribute() ends at the NUL or at the end of the value", () => {
  const attributes = decodeAttributes(hex("0800 0100 61006200 0600 0200 6162"));
  assertEquals(
    [1, 2, 3].map((type) => textAttribute(attributes, type)),
    ["a", "ab", undefined],
  );
});
