import { assertEquals } from "@std/assert";
import { EditableJson } from "../../../lib/base/editable_json.ts";
import { testRows } from "../../support/rows.ts";

const VALUE = { ipam: { Ranges: [[{ a: 1 }, { b: 2 }], [{ c: 3 }]], x: null } };

testRows("EditableJson.get() returns", [
  { name: "a key", path: "ipam.x", want: null },
  { name: "a key of another case", path: "IPAM.ranges[1][0].C", want: 3 },
  { name: "nothing for a missing key", path: "ipam.y.z", want: undefined },
  { name: "nothing beyond a list", path: "ipam.ranges[7][0]", want: undefined },
  {
    name: "nothing for an index of an object",
    path: "ipam[0]",
    want: undefined,
  },
  {
    name: "nothing for a key of a list",
    path: "ipam.ranges.x",
    want: undefined,
  },
], ({ path, want }) => {
  assertEquals(new EditableJson(VALUE).get(path), want);
});

testRows("EditableJson.remove() removes", [
  {
    name: "a key",
    path: "ipam.x",
    want: [true, { ipam: { Ranges: VALUE.ipam.Ranges } }],
  },
  {
    name: "a key of another case",
    path: "ipam.RANGES",
    want: [true, { ipam: { x: null } }],
  },
  {
    name: "an element",
    path: "ipam.ranges[0][0]",
    want: [true, { ipam: { Ranges: [[{ b: 2 }], [{ c: 3 }]], x: null } }],
  },
  { name: "no missing key", path: "ipam.y", want: [false, VALUE] },
  { name: "no missing element", path: "ipam.ranges[2]", want: [false, VALUE] },
  { name: "not the document", path: "", want: [false, VALUE] },
], ({ path, want }) => {
  const document = new EditableJson(VALUE);
  assertEquals([document.remove(path), document.value], want);
});

Deno.test("EditableJson leaves the value that it was made of alone", () => {
  const value = { list: [1, 2] };
  const document = new EditableJson(value);
  document.remove("list[0]");
  document.set("LIST", 3);
  assertEquals([value, document.value], [{ list: [1, 2] }, { LIST: 3 }]);
});

Deno.test("EditableJson.originalPath() counts what was removed", () => {
  const document = new EditableJson({ r: [["a", "b", "c"], ["d"], ["e"]] });
  document.remove("r[0][0]");
  document.remove("r[0][0]");
  document.remove("r[1]");
  assertEquals(
    ["r[0][0]", "r[1][0]", "r[1]", "r", "r[5]", ""].map((path) =>
      document.originalPath(path)
    ),
    ["r[0][2]", "r[2][0]", "r[2]", "r", "r[5]", ""],
  );
});
