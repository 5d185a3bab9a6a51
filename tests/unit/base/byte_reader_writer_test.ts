import { assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../../lib/base/byte_reader.ts";
import { ByteWriter } from "../../../lib/base/byte_writer.ts";
import { DecodeError } from "../../../lib/base/errors.ts";
import { formatHex, parseHex } from "../../../lib/base/hex.ts";
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

Deno.test("ByteWriter writes big-endian fields and grows", () => {
  const writer = new ByteWriter()
    .u8(1).u16(0x0203).u32(0x04050607).i32(-2)
    .padded(hex("aa"), 3).zeros(2).bytes(new Uint8Array(2000));
  const bytes = writer.finish();
  assertEquals(
    bytes.slice(0, 16),
    hex("01 0203 04050607 fffffffe aa0000 0000"),
  );
  assertEquals([bytes.length, writer.length], [2016, 2016]);
});

Deno.test("ByteWriter grows at any field and any length", () => {
  for (let length = 500; length < 1040; length++) {
    const filled = (): ByteWriter => new ByteWriter().zeros(length);
    assertEquals(filled().u8(0xab).finish().at(-1), 0xab);
    assertEquals(filled().u16(0xab).finish().at(-1), 0xab);
    assertEquals(filled().u32(0xab).finish().at(-1), 0xab);
    assertEquals(filled().i32(0xab).finish().at(-1), 0xab);
  }
});

testRows("ByteWriter refuses", [
  { name: "u8 256", write: (writer: ByteWriter) => writer.u8(256) },
  { name: "u8 -1", write: (writer: ByteWriter) => writer.u8(-1) },
  { name: "u8 0.5", write: (writer: ByteWriter) => writer.u8(0.5) },
  { name: "u16 65536", write: (writer: ByteWriter) => writer.u16(65536) },
  { name: "u32 2^32", write: (writer: ByteWriter) => writer.u32(2 ** 32) },
  { name: "i32 2^31", write: (writer: ByteWriter) => writer.i32(2 ** 31) },
  {
    name: "i32 -2^31-1",
    write: (writer: ByteWriter) => writer.i32(-(2 ** 31) - 1),
  },
  {
    name: "padding shorter than the content",
    write: (writer: ByteWriter) => writer.padded(hex("aabb"), 1),
  },
], ({ write }) => {
  assertThrows(() => write(new ByteWriter()), RangeError);
});

testRows("parseHex()", [
  { name: "accepts empty text", text: "", want: [] },
  { name: "accepts digits", text: "00fFa0", want: [0, 255, 160] },
  { name: "accepts colons", text: "00:ff", want: [0, 255] },
  { name: "accepts hyphens", text: "00-ff", want: [0, 255] },
  { name: "refuses half a byte", text: "00f", want: undefined },
  { name: "refuses one digit between colons", text: "00:f", want: undefined },
  { name: "refuses mixed separators", text: "00:ff-00", want: undefined },
  { name: "refuses a final colon", text: "00:ff:", want: undefined },
  { name: "refuses missing colons", text: "00:ffaa", want: undefined },
  { name: "refuses other letters", text: "0g", want: undefined },
  { name: "refuses white space", text: "00 ff", want: undefined },
], ({ text, want }) => {
  const bytes = parseHex(text);
  assertEquals(bytes && [...bytes], want);
  if (bytes && !/[:-]/.test(text)) {
    assertEquals(formatHex(bytes), text.toLowerCase());
  }
});
