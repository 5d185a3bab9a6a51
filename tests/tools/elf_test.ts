/** Reading the headers of ELF files. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { elfFile, segmentAlignments } from "../../tools/build/elf.ts";
import { testRows } from "../support/rows.ts";

const HEADER_LENGTH = 64;

/** Builds a header with a table of `count` sections of 64 bytes at `tableOffset`. */
function header(
  { tableOffset, count }: { tableOffset: number; count: number },
): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0x28, BigInt(tableOffset), true);
  view.setUint16(0x3a, 64, true);
  view.setUint16(0x3c, count, true);
  return bytes;
}

function file(head: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(head);
  return bytes;
}

Deno.test("elfFile() removes the data after the section header table", () => {
  const head = header({ tableOffset: 100, count: 2 });
  assertEquals(elfFile(file(head, 1000)).length, 100 + 2 * 64);
});

Deno.test("elfFile() returns a file without appended data unchanged", () => {
  const head = header({ tableOffset: 64, count: 1 });
  assertEquals(elfFile(file(head, 128)), file(head, 128));
});

testRows("elfFile() refuses", [
  { name: "an empty file", bytes: new Uint8Array() },
  { name: "another format", bytes: new Uint8Array(128).fill(0x23) },
  {
    name: "a table beyond the end",
    bytes: file(header({ tableOffset: 64, count: 1 }), 127),
  },
  {
    name: "a 32-bit file",
    bytes: file(header({ tableOffset: 64, count: 1 }), 128).with(4, 1),
  },
  {
    name: "a big-endian file",
    bytes: file(header({ tableOffset: 64, count: 1 }), 128).with(5, 2),
  },
], ({ bytes }) => {
  assertThrows(() => elfFile(bytes), RangeError);
});

Deno.test("segmentAlignments() returns those of the segments that are loaded", () => {
  const bytes = file(
    header({ tableOffset: 64 + 3 * 56, count: 0 }),
    64 + 3 * 56,
  );
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0x20, 64n, true);
  view.setUint16(0x36, 56, true);
  view.setUint16(0x38, 3, true);
  for (
    const [index, [type, bytes]] of [[1, 65536], [7, 8], [1, 4096]].entries()
  ) {
    view.setUint32(64 + index * 56, type ?? 0, true);
    view.setBigUint64(64 + index * 56 + 0x30, BigInt(bytes ?? 0), true);
  }
  assertEquals(segmentAlignments(bytes), [65536, 4096]);
});
