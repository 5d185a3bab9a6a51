import { assertEquals, assertThrows } from "@std/assert";
import { testRows } from "../../support/rows.ts";
import { applyChanges, compareTree, type Found } from "./file_tree.ts";

const file = (text: string, mode = "0600"): Found => ({
  type: "file",
  text,
  mode,
});
const directory: Found = { type: "directory", text: "", mode: "0755" };

const ROWS: readonly {
  readonly name: string;
  readonly expected: Parameters<typeof compareTree>[0];
  readonly actual: Readonly<Record<string, Found>>;
  readonly problems: readonly string[];
}[] = [
  {
    name: "accepts the same files",
    expected: { "n/a": "x", "n/b": { content: "", mode: "0600" } },
    actual: { "n": directory, "n/a": file("x"), "n/b": file("") },
    problems: [],
  },
  {
    name: "reports a missing file",
    expected: { "a": "x" },
    actual: {},
    problems: ["a: missing"],
  },
  {
    name: "reports an unexpected file",
    expected: { "n/a": "x" },
    actual: { "n": directory, "n/a": file("x"), "n/b": file("") },
    problems: ["n/b: unexpected file"],
  },
  {
    name: "reports an unexpected directory",
    expected: {},
    actual: { "n": directory },
    problems: ["n: unexpected directory"],
  },
  {
    name: "reports other content",
    expected: { "a": "x\r\ny" },
    actual: { "a": file("x\ny") },
    problems: ['a: holds "x\\ny", want "x\\r\\ny"'],
  },
  {
    name: "finds a pattern in the content",
    expected: { "a": { pattern: "^x \\d+$" } },
    actual: { "a": file("x 15") },
    problems: [],
  },
  {
    name: "reports content without the pattern",
    expected: { "a": { pattern: "^x \\d+$" } },
    actual: { "a": file("x y") },
    problems: ['a: holds "x y", want ^x \\d+$'],
  },
  {
    name: "reports another mode",
    expected: { "a": { content: "", mode: "0600" } },
    actual: { "a": file("", "0644") },
    problems: ["a: has mode 0644, want 0600"],
  },
  {
    name: "reports another type",
    expected: { "a": { type: "symlink", target: "b" } },
    actual: { "a": file("b") },
    problems: ["a: is a file, want a symlink"],
  },
];

for (const { name, expected, actual, problems } of ROWS) {
  Deno.test(`compareTree() ${name}`, () => {
    assertEquals(
      compareTree(expected, new Map(Object.entries(actual))),
      [...problems],
    );
  });
}

const BEFORE = { "n/a": "x", "n/b": { content: "y", mode: "0644" } };

Deno.test("applyChanges() adds, replaces and removes entries", () => {
  assertEquals(
    applyChanges(BEFORE, { "n/a": null, "n/b": "y", "n/c": "z" }),
    { "n/b": "y", "n/c": "z" },
  );
});

testRows("applyChanges() refuses", [
  { name: "the same content", changes: { "n/a": "x" } },
  {
    name: "the same entry",
    changes: { "n/b": { content: "y", mode: "0644" } },
  },
  { name: "to remove a missing entry", changes: { "n/c": null } },
], ({ changes }) => {
  assertThrows(() => applyChanges(BEFORE, changes), RangeError, "nothing");
});
