import { assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../../lib/base/byte_reader.ts";
import { DecodeError } from "../../../lib/base/errors.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

Deno.test("ByteReader reads big-endian fields in order", () => {
  const reader = new ByteReader(hex("01 0203 04050607 ffffffff aabb cc"));
  assertEquals(reader.u8("a"), 1);
  assertEquals(reader.u16("b"), 0x0203);
  assertEquals(reader.u32("c"), 0x04050607);
  assertEquals(reader.i32("d"), -1);
  assertEquals(reader.bytes(2, "e"), hex("aabb"));
  assertEquals([reader.offset, reader.remaining], [13, 1]);
  assertEquals(reader.rest(), hex("cc"));
  reader.expectEnd("whole");
});

Deno.test("ByteReader stays inside a view of a larger buffer", () => {
  const reader = new ByteReader(hex("ff 0102 ff").subarray(1, 3));
  assertEquals(reader.u16("a"), 0x0102);
  assertThrows(() => reader.u8("b"), DecodeError);
});

Deno.test("ByteReader.bytes() and rest() copy", () => {
  const input = hex("0102");
  const reader = new ByteReader(input);
  const first = reader.bytes(1, "a");
  const rest = reader.rest();
  input.fill(0xff);
  assertEquals([first, rest], [hex("01"), hex("02")]);
});

testRows("ByteReader refuses", [
  {
    name: "u8 of nothing",
    length: 0,
    read: (reader: ByteReader) => reader.u8("x"),
  },
  {
    name: "u16 of one byte",
    length: 1,
    read: (reader: ByteReader) => reader.u16("x"),
  },
  {
    name: "u32 of three bytes",
    length: 3,
    read: (reader: ByteReader) => reader.u32("x"),
  },
  {
    name: "i32 of three bytes",
    length: 3,
    read: (reader: ByteReader) => reader.i32("x"),
  },
  {
    name: "more bytes than are left",
    length: 3,
    read: (reader: ByteReader) => reader.bytes(4, "x"),
  },
  {
    name: "to skip more bytes than are left",
    length: 3,
    read: (reader: ByteReader) => reader.skip(4, "x"),
  },
  {
    name: "bytes after the end",
    length: 3,
    read: (reader: ByteReader) => reader.expectEnd("x"),
  },
], ({ length, read }) => {
  const reader = new ByteReader(new Uint8Array(length));
  const error = assertThrows(() => read(reader), DecodeError);
  assertEquals(error.at, "0");
  assertEquals(reader.offset, 0, "a refused read does not move the offset");
});
