import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatDocument } from "../../../lib/cni/document.ts";

// The literal output of upstream's encoder.
const ROWS = [
  {
    name: "indents by four spaces",
    value: { a: [1, { b: "x" }] },
    want:
      '{\n    "a": [\n        1,\n        {\n            "b": "x"\n        }\n    ]\n}',
  },
  {
    name: "keeps the order of keys",
    value: { z: 1, a: 2 },
    want: '{\n    "z": 1,\n    "a": 2\n}',
  },
  {
    name: "formats an empty object on one line",
    value: { dns: {} },
    want: '{\n    "dns": {}\n}',
  },
  {
    name: "escapes < > &",
    value: { m: "<nil> & >" },
    want: '{\n    "m": "\\u003cnil\\u003e \\u0026 \\u003e"\n}',
  },
  {
    name: "escapes them in keys too",
    value: { "<": 1 },
    want: '{\n    "\\u003c": 1\n}',
  },
  {
    name: "escapes U+2028 and U+2029",
    value: "\u2028\u2029",
    want: '"\\u2028\\u2029"',
  },
  { name: "keeps other characters", value: "ü €", want: '"ü €"' },
  { name: "escapes quotes and backslashes", value: '"\\', want: '"\\"\\\\"' },
] as const;

for (const { name, value, want } of ROWS) {
  Deno.test(`formatDocument() ${name}`, () => {
    assertEquals(formatDocument(value), want);
  });
}

Deno.test("formatDocument() formats JSON that parses to the same value", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const plain: unknown = JSON.parse(JSON.stringify(value));
    assertEquals<unknown>(JSON.parse(formatDocument(plain)), plain);
  }));
});
