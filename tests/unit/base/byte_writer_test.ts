import { assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../../../lib/base/byte_writer.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

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
