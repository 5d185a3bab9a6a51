import { assertEquals, assertMatch } from "@std/assert";
import {
  parseDocument,
  readCniVersion,
  readNetworkName,
  versionForErrors,
} from "../../../lib/cni/network_config.ts";
import { thrownBy } from "../base/thrown.ts";

const PREFIX = "error unmarshall network config: ";

// The reason after the prefix is the JSON parser's own text.
const NOT_JSON = [
  { name: "empty text", text: "" },
  { name: "a word", text: "nope" },
  { name: "an unterminated object", text: '{"name":"net"' },
  { name: "bytes after the object", text: '{"name":"net"} x' },
  { name: "two objects", text: "{}{}" },
  { name: "a comment", text: "{} // x" },
] as const;

for (const { name, text } of NOT_JSON) {
  Deno.test(`parseDocument() throws code 6 for ${name}`, () => {
    const { code, message } = thrownBy(() => parseDocument(text)) ?? {};
    assertEquals(code, 6);
    assertMatch(String(message), /^error unmarshall network config: [a-z"']/);
  });
}

for (const text of ["[]", "1", '"x"', "true"]) {
  Deno.test(`parseDocument() throws code 6 for the top-level type of ${text}`, () => {
    const { code, message } = thrownBy(() => parseDocument(text)) ?? {};
    assertEquals(code, 6);
    assertMatch(String(message), /^error unmarshall network config: json: /);
  });
}

Deno.test("parseDocument() accepts white space around the object", () => {
  assertEquals(parseDocument(' \n{"a":1}\n').value("a"), 1);
});

Deno.test("parseDocument() reads null as an object without keys", () => {
  assertEquals(parseDocument("null").value("name"), undefined);
});

const MISSING = {
  name: "CniError",
  code: 7,
  message: "missing network name",
  details: "",
};

const NAMES: readonly { name: string; json: string; want: unknown }[] = [
  { name: "refuses an absent name", json: "{}", want: MISSING },
  { name: "refuses null", json: '{"name":null}', want: MISSING },
  { name: "refuses the empty name", json: '{"name":""}', want: MISSING },
  {
    name: "refuses a number",
    json: '{"name":5}',
    want: {
      name: "CniError",
      code: 6,
      message:
        `${PREFIX}json: cannot unmarshal number into name: expected a string`,
      details: "",
    },
  },
  {
    name: "refuses a slash",
    json: '{"name":"../etc"}',
    want: {
      name: "CniError",
      code: 7,
      message: "invalid characters found in network name",
      details: "../etc",
    },
  },
];

for (const { name, json, want } of NAMES) {
  Deno.test(`readNetworkName() ${name}`, () => {
    assertEquals(thrownBy(() => readNetworkName(parseDocument(json))), want);
  });
}

Deno.test("readNetworkName() ignores the case of the key", () => {
  assertEquals(readNetworkName(parseDocument('{"NAME":"a..b"}')), "a..b");
});

const VERSIONS = [
  { name: "returns it as given", json: '{"cniVersion":"9.9"}', want: "9.9" },
  { name: "returns empty text if it is absent", json: "{}", want: "" },
  {
    name: "returns empty text if it is null",
    json: '{"cniVersion":null}',
    want: "",
  },
] as const;

for (const { name, json, want } of VERSIONS) {
  Deno.test(`readCniVersion() ${name}`, () => {
    assertEquals(readCniVersion(parseDocument(json)), want);
  });
}

Deno.test("readCniVersion() throws code 6 for a number", () => {
  assertEquals(
    thrownBy(() => readCniVersion(parseDocument('{"cniVersion":1}'))),
    {
      name: "CniError",
      code: 6,
      message: "decoding version from network config: " +
        "json: cannot unmarshal number into cniVersion: expected a string",
      details: "",
    },
  );
});

const ERROR_VERSIONS = [
  {
    name: "returns the requested version",
    json: '{"cniVersion":"0.4.0"}',
    want: "0.4.0",
  },
  {
    name: "returns the requested version even if it is not supported",
    json: '{"cniVersion":"9.9.9"}',
    want: "9.9.9",
  },
  { name: "returns 0.1.0 if it is absent", json: "{}", want: "0.1.0" },
  {
    name: "returns 0.1.0 if it is empty",
    json: '{"cniVersion":""}',
    want: "0.1.0",
  },
  {
    name: "returns 0.1.0 if it is not a string",
    json: '{"cniVersion":7}',
    want: "0.1.0",
  },
] as const;

for (const { name, json, want } of ERROR_VERSIONS) {
  Deno.test(`versionForErrors() ${name}`, () => {
    assertEquals(versionForErrors(parseDocument(json)), want);
  });
}
