import { assertEquals } from "@std/assert";
import { JsonObject, parseList } from "../../../lib/base/json_reader.ts";
import { thrownBy } from "./thrown.ts";

function objectOf(text: string, path = ""): JsonObject {
  return new JsonObject(JSON.parse(text), path);
}

function unmarshalError(
  kind: string,
  { at, expected }: { readonly at: string; readonly expected: string },
): Record<string, unknown> {
  return {
    name: "DecodeError",
    message: `json: cannot unmarshal ${kind} into ${at}: expected ${expected}`,
    at,
  };
}

// What the decoder of Go's encoding/json accepts, which upstream uses.
const VALUES = [
  { name: "finds a key", json: '{"a":1}', key: "a", want: 1 },
  {
    name: "folds the case of the key",
    json: '{"DataDir":1}',
    key: "dataDir",
    want: 1,
  },
  {
    name: "folds the case of the requested key",
    json: '{"a":1}',
    key: "A",
    want: 1,
  },
  {
    name: "takes the later of two spellings",
    json: '{"a":1,"A":2}',
    key: "a",
    want: 2,
  },
  {
    name: "takes the later of equal keys",
    json: '{"a":1,"a":2}',
    key: "a",
    want: 2,
  },
  {
    name: "reads null as not given",
    json: '{"a":null}',
    key: "a",
    want: undefined,
  },
  {
    name: "lets a later null remove a value",
    json: '{"a":1,"A":null}',
    key: "a",
    want: undefined,
  },
  {
    name: "returns undefined for an absent key",
    json: "{}",
    key: "a",
    want: undefined,
  },
  {
    name: "ignores inherited properties",
    json: "{}",
    key: "constructor",
    want: undefined,
  },
  {
    name: "reads __proto__ as an ordinary key",
    json: '{"__proto__":7}',
    key: "__proto__",
    want: 7,
  },
  { name: "keeps 0", json: '{"a":0}', key: "a", want: 0 },
  { name: "keeps an empty string", json: '{"a":""}', key: "a", want: "" },
  { name: "keeps false", json: '{"a":false}', key: "a", want: false },
  {
    name: "reads null as an object without keys",
    json: "null",
    key: "a",
    want: undefined,
  },
] as const;

for (const { name, json, key, want } of VALUES) {
  Deno.test(`JsonObject.value() ${name}`, () => {
    assertEquals(objectOf(json).value(key), want);
  });
}

const PRESENCES = [
  { name: "sees a value", json: '{"a":1}', want: true },
  { name: "sees null", json: '{"a":null}', want: true },
  { name: "folds case", json: '{"A":1}', want: true },
  { name: "misses another key", json: '{"ab":1}', want: false },
] as const;

for (const { name, json, want } of PRESENCES) {
  Deno.test(`JsonObject.has() ${name}`, () => {
    assertEquals(objectOf(json).has("a"), want);
  });
}

const NOT_OBJECTS = [
  { json: "1", kind: "number" },
  { json: '"x"', kind: "string" },
  { json: "true", kind: "bool" },
  { json: "[]", kind: "array" },
] as const;

for (const { json, kind } of NOT_OBJECTS) {
  Deno.test(`JsonObject refuses a ${kind} as the document`, () => {
    assertEquals(
      thrownBy(() => objectOf(json)),
      unmarshalError(kind, {
        at: "the network configuration",
        expected: "an object",
      }),
    );
  });

  Deno.test(`JsonObject refuses a ${kind} inside the document, with its path`, () => {
    assertEquals(
      thrownBy(() => objectOf(json, "ipam")),
      unmarshalError(kind, { at: "ipam", expected: "an object" }),
    );
  });
}

type Reading = (object: JsonObject) => unknown;

const TYPED = [
  {
    name: "string() reads text",
    json: '{"k":"v"}',
    read: (o) => o.string("k"),
    want: "v",
  },
  {
    name: "string() reads null as absent",
    json: '{"k":null}',
    read: (o) => o.string("k"),
    want: undefined,
  },
  {
    name: "boolean() reads true",
    json: '{"k":true}',
    read: (o) => o.boolean("k"),
    want: true,
  },
  {
    name: "boolean() reads false",
    json: '{"k":false}',
    read: (o) => o.boolean("k"),
    want: false,
  },
  {
    name: "boolean() reads null as absent",
    json: '{"k":null}',
    read: (o) => o.boolean("k"),
    want: undefined,
  },
  {
    name: "integer() reads zero",
    json: '{"k":0}',
    read: (o) => o.integer("k"),
    want: 0,
  },
  {
    name: "integer() reads a negative number",
    json: '{"k":-5}',
    read: (o) => o.integer("k"),
    want: -5,
  },
  {
    name: "integer() reads the largest exact one",
    json: '{"k":9007199254740991}',
    read: (o) => o.integer("k"),
    want: 9007199254740991,
  },
  {
    name: "integer() reads null as absent",
    json: '{"k":null}',
    read: (o) => o.integer("k"),
    want: undefined,
  },
  {
    name: "object() reads the inner object",
    json: '{"k":{"v":1}}',
    read: (o) => o.object("k")?.value("v"),
    want: 1,
  },
  {
    name: "object() returns the inner path",
    json: '{"k":{}}',
    read: (o) => o.object("k")?.at("v"),
    want: "top.k.v",
  },
  {
    name: "object() reads null as absent",
    json: '{"k":null}',
    read: (o) => o.object("k"),
    want: undefined,
  },
  {
    name: "list() passes elements and paths to the parser",
    json: '{"k":["a",null]}',
    read: (o) => o.list("k", (value, path) => [value, path]),
    want: [["a", "top.k[0]"], [null, "top.k[1]"]],
  },
  {
    name: "list() reads an empty list",
    json: '{"k":[]}',
    read: (o) => o.list("k", String),
    want: [],
  },
  {
    name: "list() reads null as absent",
    json: '{"k":null}',
    read: (o) => o.list("k", String),
    want: undefined,
  },
] as const satisfies readonly {
  name: string;
  json: string;
  read: Reading;
  want: unknown;
}[];

for (const { name, json, read, want } of TYPED) {
  Deno.test(`JsonObject.${name}`, () => {
    assertEquals<unknown>(read(objectOf(json, "top")), want);
  });
}

const MISTYPED = [
  {
    method: "string()",
    read: (o) => o.string("k"),
    json: "1",
    kind: "number",
    expected: "a string",
  },
  {
    method: "string()",
    read: (o) => o.string("k"),
    json: "[]",
    kind: "array",
    expected: "a string",
  },
  {
    method: "boolean()",
    read: (o) => o.boolean("k"),
    json: "1",
    kind: "number",
    expected: "true or false",
  },
  {
    method: "boolean()",
    read: (o) => o.boolean("k"),
    json: '"true"',
    kind: "string",
    expected: "true or false",
  },
  {
    method: "integer()",
    read: (o) => o.integer("k"),
    json: "1.5",
    kind: "number",
    expected: "an integer",
  },
  {
    method: "integer()",
    read: (o) => o.integer("k"),
    json: '"1"',
    kind: "string",
    expected: "an integer",
  },
  {
    method: "integer()",
    read: (o) => o.integer("k"),
    json: "9007199254740992",
    kind: "number",
    expected: "an integer",
  },
  {
    method: "object()",
    read: (o) => o.object("k"),
    json: "true",
    kind: "bool",
    expected: "an object",
  },
  {
    method: "object()",
    read: (o) => o.object("k"),
    json: "[]",
    kind: "array",
    expected: "an object",
  },
  {
    method: "list()",
    read: (o) => o.list("k", String),
    json: "{}",
    kind: "object",
    expected: "a list",
  },
  {
    method: "list()",
    read: (o) => o.list("k", String),
    json: '"x"',
    kind: "string",
    expected: "a list",
  },
] as const satisfies readonly {
  method: string;
  read: Reading;
  json: string;
  kind: string;
  expected: string;
}[];

for (const { method, read, json, kind, expected } of MISTYPED) {
  Deno.test(`JsonObject.${method} refuses ${json}`, () => {
    assertEquals(
      thrownBy(() => read(objectOf(`{"k":${json}}`, "top"))),
      unmarshalError(kind, { at: "top.k", expected }),
    );
  });
}

Deno.test('parseList() refuses null, which is an element here and not "not given"', () => {
  assertEquals(
    thrownBy(() => parseList(null, "a[0]", String)),
    unmarshalError("null", { at: "a[0]", expected: "a list" }),
  );
});
