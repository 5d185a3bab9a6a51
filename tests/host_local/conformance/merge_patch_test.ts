import { assertEquals, assertThrows } from "@std/assert";
import { testRows } from "../../support/rows.ts";
import { mergePatch } from "./merge_patch.ts";

const CONFIG = { name: "n", ipam: { type: "t", ranges: [[{ a: 1 }]] } };

testRows("mergePatch()", [
  {
    name: "replaces a value",
    patch: { name: "m" },
    want: { ...CONFIG, name: "m" },
  },
  {
    name: "adds a key at the end",
    patch: { args: { b: 1 } },
    want: { ...CONFIG, args: { b: 1 } },
  },
  {
    name: "merges objects at every depth",
    patch: { ipam: { type: "u", more: true } },
    want: { name: "n", ipam: { type: "u", ranges: [[{ a: 1 }]], more: true } },
  },
  {
    name: "replaces a list as a whole",
    patch: { ipam: { ranges: [null] } },
    want: { name: "n", ipam: { type: "t", ranges: [null] } },
  },
  {
    name: "removes a key that is null",
    patch: { ipam: null },
    want: { name: "n" },
  },
  {
    name: "replaces a text with an object",
    patch: { name: { a: 1 } },
    want: { ...CONFIG, name: { a: 1 } },
  },
  { name: "replaces everything", patch: [1], want: [1] },
], ({ patch, want }) => {
  assertEquals(
    JSON.stringify(mergePatch(CONFIG, patch)),
    JSON.stringify(want),
  );
});

testRows("mergePatch() refuses a patch that", [
  { name: "has the same text", patch: { name: "n" }, path: '"name"' },
  {
    name: "has the same list",
    patch: { ipam: { ranges: [[{ a: 1 }]] } },
    path: '"ipam.ranges"',
  },
  {
    name: "has the same text next to a change",
    patch: { name: "m", ipam: { type: "t" } },
    path: '"ipam.type"',
  },
  {
    name: "removes what is not set",
    patch: { ipam: { no: null } },
    path: '"ipam.no"',
  },
  { name: "is empty", patch: {}, path: '""' },
  { name: "has an empty object", patch: { ipam: {} }, path: '"ipam"' },
], ({ patch, path }) => {
  assertThrows(() => mergePatch(CONFIG, patch), RangeError, path);
});
