import { assertEquals } from "@std/assert";
import { parseJson } from "../../../lib/base/json_text.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "./thrown.ts";

function nested(
  depth: number,
  [open, close]: readonly [string, string] = ["[", "]"],
): string {
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

const TOO_DEEP = {
  name: "DecodeError",
  message: "exceeded max depth",
  at: "x",
};

testRows("parseJson() accepts", [
  { name: "a value without brackets", text: '"["' },
  { name: "a list of depth 1000", text: nested(1000) },
  { name: "an object of depth 1000", text: nested(1000, ['{"a":', "}"]) },
  { name: "5000 lists beside each other", text: `[${"[],".repeat(5000)}[]]` },
  { name: "brackets in a string", text: `["${"[{".repeat(5000)}"]` },
  { name: "quotes in strings", text: `[${'"\\"[",'.repeat(5000)}1]` },
  { name: "backslashes in strings", text: `[${'"[\\\\",'.repeat(5000)}1]` },
], ({ text }) => assertEquals(parseJson(text, "x"), JSON.parse(text)));

testRows("parseJson() refuses", [
  { name: "a list of depth 1001", text: nested(1001) },
  { name: "an object of depth 1001", text: nested(1001, ['{"a":', "}"]) },
  { name: "lists that never end", text: "[".repeat(2_000_000) },
  { name: "objects that never end", text: '{"":'.repeat(500_000) },
  { name: "depth after a string", text: `["]\\"]",${nested(1000)}]` },
  {
    name: "depth after 5000 lists",
    text: `[${"[],".repeat(5000)}${nested(1000)}]`,
  },
], ({ text }) => assertEquals(thrownBy(() => parseJson(text, "x")), TOO_DEEP));

testRows("parseJson() throws a DecodeError for", [
  { name: "empty text", text: "" },
  { name: "a byte order mark", text: "\ufeff{}" },
  { name: "a string that never ends", text: `${"[],".repeat(1001)}"` },
  {
    name: "more closing than opening brackets",
    text: `[${"[]],".repeat(1001)}`,
  },
], ({ text }) => {
  const { name, at } = thrownBy(() => parseJson(text, "x")) ?? {};
  assertEquals([name, at], ["DecodeError", "x"]);
});
