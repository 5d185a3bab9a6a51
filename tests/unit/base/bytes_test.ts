import { assertEquals } from "@std/assert";
import { concatBytes, viewOf } from "../../../lib/base/bytes.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

testRows("concatBytes()", [
  { name: "joins nothing", parts: [], want: "" },
  { name: "joins parts in order", parts: ["0102", "", "03"], want: "010203" },
], ({ parts, want }) => {
  assertEquals(concatBytes(parts.map((part) => hex(part))), hex(want));
});

Deno.test("concatBytes() copies a single part", () => {
  const part = hex("01");
  const joined = concatBytes([part]);
  part[0] = 0xff;
  assertEquals(joined, hex("01"));
});

Deno.test("viewOf() stays inside a view of a larger buffer", () => {
  const bytes = hex("ff 0102 ff").subarray(1, 3);
  assertEquals([viewOf(bytes).getUint16(0), viewOf(bytes).byteLength], [
    0x0102,
    2,
  ]);
});
