/** Archives with one file. @module */

import { assertEquals, assertRejects } from "@std/assert";
import { fileInZip } from "../../tools/build/zip.ts";
import { testRows } from "../support/rows.ts";
import { zipOf } from "./zip_of.ts";

const TEXT = new TextEncoder().encode("runtime ".repeat(100));

testRows("fileInZip() returns a file that is", [
  { name: "stored", method: 0 },
  { name: "deflated", method: 8 },
], async ({ method }) => {
  assertEquals(await fileInZip(await zipOf(TEXT, { method })), TEXT);
});

testRows("fileInZip() refuses", [
  { name: "an empty file", damage: () => new Uint8Array() },
  { name: "another format", damage: () => new Uint8Array(100).fill(0x23) },
  {
    name: "two files",
    damage: (zip: Uint8Array<ArrayBuffer>) => zip.with(zip.length - 12, 2),
  },
  {
    name: "a directory elsewhere",
    damage: (zip: Uint8Array<ArrayBuffer>) => zip.with(zip.length - 6, 1),
  },
  {
    name: "a file without a header",
    damage: (zip: Uint8Array<ArrayBuffer>) => zip.with(0, 0),
  },
  { name: "an unknown method", method: 12 },
  { name: "another length", length: TEXT.length + 1 },
], async ({ damage, method = 8, length = TEXT.length }) => {
  const zip = await zipOf(TEXT, { method, length });
  await assertRejects(
    () => fileInZip(damage === undefined ? zip : damage(zip)),
    RangeError,
    "Cannot read archive",
  );
});
