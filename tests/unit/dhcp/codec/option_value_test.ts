import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DecodeError } from "../../../../lib/base/errors.ts";
import {
  decodeOptionValue,
  encodeOptionValue,
  type OptionShape,
  optionValue,
  type OptionValues,
} from "../../../../lib/dhcp/codec/option_value.ts";
import { ipv4FromBits } from "../../../../lib/net/ipv4_address.ts";
import { ascii, hex } from "../../../support/bytes.ts";
import { ip, options } from "../../../support/dhcp_messages.ts";
import { checkProperty } from "../../../support/property.ts";
import { testRows } from "../../../support/rows.ts";

interface Row {
  readonly name: string;
  readonly shape: OptionShape;
  readonly content: string;
  readonly want: OptionValues[OptionShape];
}

const net = (text: string, prefixLength: number): {
  address: ReturnType<typeof ip>;
  prefixLength: number;
} => ({ address: ip(text), prefixLength });

// Each row is decoded and encoded.
testRows<Row>("the option value", [
  { name: "ip", shape: "ip", content: "c0000201", want: ip("192.0.2.1") },
  {
    name: "ips: one",
    shape: "ips",
    content: "c0000201",
    want: [ip("192.0.2.1")],
  },
  {
    name: "ips: two",
    shape: "ips",
    content: "c0000201 ffffffff",
    want: [ip("192.0.2.1"), ip("255.255.255.255")],
  },
  { name: "ips-or-none: none", shape: "ips-or-none", content: "", want: [] },
  {
    name: "ips-or-none: one",
    shape: "ips-or-none",
    content: "c0000201",
    want: [ip("192.0.2.1")],
  },
  {
    name: "ip-pairs",
    shape: "ip-pairs",
    content: "0a000000 c0000201 ac100000 c0000202",
    want: [
      [ip("10.0.0.0"), ip("192.0.2.1")],
      [ip("172.16.0.0"), ip("192.0.2.2")],
    ],
  },
  { name: "u8", shape: "u8", content: "ff", want: 255 },
  { name: "u8s", shape: "u8s", content: "010306", want: [1, 3, 6] },
  { name: "u16", shape: "u16", content: "05dc", want: 1500 },
  { name: "u16s", shape: "u16s", content: "0044 ffff", want: [68, 65535] },
  {
    name: "u32: infinite lease",
    shape: "u32",
    content: "ffffffff",
    want: 4294967295,
  },
  {
    name: "i32: a negative offset from UTC",
    shape: "i32",
    content: "fffff1f0",
    want: -3600,
  },
  { name: "flag: no", shape: "flag", content: "00", want: false },
  { name: "flag: yes", shape: "flag", content: "01", want: true },
  { name: "text", shape: "text", content: "6131c3a9", want: "a1é" },
  { name: "text: empty", shape: "text", content: "", want: "" },
  {
    name: "text: with a byte order mark",
    shape: "text",
    content: "efbbbf61",
    want: "\ufeffa",
  },
  {
    name: "domain",
    shape: "domain",
    content: "01 61 07 6578616d706c65 00",
    want: "a.example",
  },
  {
    name: "domains",
    shape: "domains",
    content: "01 61 00 01 62 01 63 00",
    want: ["a", "b.c"],
  },
  {
    name: "classless-routes: the default route (RFC 3442: width 0, no octets)",
    shape: "classless-routes",
    content: "00 c0000201",
    want: [{ destination: net("0.0.0.0", 0), router: ip("192.0.2.1") }],
  },
  {
    name: "classless-routes: the widths in the table of RFC 3442",
    shape: "classless-routes",
    content: `
      08 0a c0000201
      18 0a0000 c0000201
      10 0a11 c0000201
      18 0a1b81 c0000201
      19 0a e5 00 80 c0000201
      20 0a c6 7a 2f c0000201`,
    want: [
      { destination: net("10.0.0.0", 8), router: ip("192.0.2.1") },
      { destination: net("10.0.0.0", 24), router: ip("192.0.2.1") },
      { destination: net("10.17.0.0", 16), router: ip("192.0.2.1") },
      { destination: net("10.27.129.0", 24), router: ip("192.0.2.1") },
      { destination: net("10.229.0.128", 25), router: ip("192.0.2.1") },
      { destination: net("10.198.122.47", 32), router: ip("192.0.2.1") },
    ],
  },
  {
    name: "classless-routes: an on-link route",
    shape: "classless-routes",
    content: "18 c0a84e 00000000",
    want: [{ destination: net("192.168.78.0", 24), router: ip("0.0.0.0") }],
  },
  { name: "empty", shape: "empty", content: "", want: undefined },
  { name: "bytes", shape: "bytes", content: "00ff00", want: hex("00ff00") },
  { name: "bytes: none", shape: "bytes", content: "", want: hex("") },
], ({ shape, content, want }) => {
  assertEquals(decodeOptionValue(shape, hex(content)), want);
  assertEquals(encodeOptionValue(shape, want), hex(content));
});

testRows("decodeOptionValue() accepts", [
  {
    name: "trailing NULs in text (RFC 2132 section 2)",
    shape: "text",
    content: "61620000",
    want: "ab",
  },
  {
    name: "a NUL inside text",
    shape: "text",
    content: "61006200",
    want: "a\0b",
  },
  {
    name: "text that is not UTF-8",
    shape: "text",
    content: "61ff",
    want: "a\ufffd",
  },
  {
    name: "a compressed domain list (the example in RFC 3397 section 2)",
    shape: "domains",
    content: `
      03 656e67 05 6170706c65 03 636f6d 00   // eng.apple.com
      09 6d61726b6574696e67 c004             // marketing, then the pointer to apple.com`,
    want: ["eng.apple.com", "marketing.apple.com"],
  },
  {
    name: "a domain name that consists of a pointer",
    shape: "domains",
    content: "01 61 01 62 00 c000 c002",
    want: ["a.b", "a.b", "b"],
  },
  {
    name: "host bits in a classless route",
    shape: "classless-routes",
    content: "14 0a11ff c0000201",
    want: [{ destination: net("10.17.255.0", 20), router: ip("192.0.2.1") }],
  },
], ({ shape, content, want }) => {
  assertEquals<unknown>(
    decodeOptionValue(shape as OptionShape, hex(content)),
    want,
  );
});

testRows<{ name: string; shape: OptionShape; content: string }>(
  "decodeOptionValue() refuses",
  [
    { name: "ip of 3 bytes", shape: "ip", content: "c00002" },
    { name: "ip of 5 bytes", shape: "ip", content: "c000020100" },
    { name: "ip of 8 bytes", shape: "ip", content: "c0000201c0000201" },
    { name: "ip of 0 bytes", shape: "ip", content: "" },
    { name: "ips of 0 bytes", shape: "ips", content: "" },
    { name: "ips of 5 bytes", shape: "ips", content: "c0000201c0" },
    { name: "ips-or-none of 1 byte", shape: "ips-or-none", content: "c0" },
    { name: "ip-pairs of 4 bytes", shape: "ip-pairs", content: "c0000201" },
    { name: "ip-pairs of 0 bytes", shape: "ip-pairs", content: "" },
    { name: "u8 of 0 bytes", shape: "u8", content: "" },
    { name: "u8 of 2 bytes", shape: "u8", content: "0001" },
    { name: "u8s of 0 bytes", shape: "u8s", content: "" },
    { name: "u16 of 1 byte", shape: "u16", content: "00" },
    { name: "u16 of 3 bytes", shape: "u16", content: "000000" },
    { name: "u16s of 3 bytes", shape: "u16s", content: "000000" },
    { name: "u32 of 2 bytes", shape: "u32", content: "0e10" },
    { name: "u32 of 5 bytes", shape: "u32", content: "0000000e10" },
    { name: "i32 of 3 bytes", shape: "i32", content: "000000" },
    { name: "flag 2", shape: "flag", content: "02" },
    { name: "flag of 2 bytes", shape: "flag", content: "0100" },
    { name: "content of the shape empty", shape: "empty", content: "00" },
    { name: "domains of 0 bytes", shape: "domains", content: "" },
    {
      name: "a domain name without its end",
      shape: "domains",
      content: "0161",
    },
    { name: "a truncated label", shape: "domains", content: "0261" },
    { name: "the root domain", shape: "domains", content: "00" },
    {
      name: "two names for the shape domain",
      shape: "domain",
      content: "01610001 6200",
    },
    { name: "a pointer to itself", shape: "domains", content: "c000" },
    {
      name: "a pointer to its own name",
      shape: "domains",
      content: "0161c000",
    },
    { name: "a pointer forward", shape: "domains", content: "c0020161 00" },
    {
      name: "a pointer beyond the end",
      shape: "domains",
      content: "016100c0ff",
    },
    {
      name: "two pointers to each other",
      shape: "domains",
      content: "0161c0040162c000",
    },
    { name: "a truncated pointer", shape: "domains", content: "016100c0" },
    { name: "a label of type 01", shape: "domains", content: "416100" },
    { name: "a label of type 10", shape: "domains", content: "816100" },
    { name: "a label with a newline", shape: "domains", content: "020a6100" },
    { name: "a label with a dot", shape: "domains", content: "03612e6200" },
    { name: "a label with a space", shape: "domains", content: "03612062 00" },
    {
      name: "a name of 256 bytes (RFC 1035 section 2.3.4)",
      shape: "domains",
      content: `${("3f" + "61".repeat(63)).repeat(3)}3e${"61".repeat(62)}00`,
    },
    {
      name: "classless-routes of 0 bytes",
      shape: "classless-routes",
      content: "",
    },
    {
      name: "a subnet mask width of 33",
      shape: "classless-routes",
      content: "21 0a000000 00 c0000201",
    },
    {
      name: "a truncated subnet number",
      shape: "classless-routes",
      content: "18 0a00",
    },
    {
      name: "a truncated router",
      shape: "classless-routes",
      content: "18 0a0000 c00002",
    },
    {
      name: "a truncated second route",
      shape: "classless-routes",
      content: "08 0a c0000201 08",
    },
  ],
  ({ shape, content }) => {
    assertThrows(() => decodeOptionValue(shape, hex(content)), DecodeError);
  },
);

Deno.test("decodeOptionValue() accepts a name of 255 bytes (RFC 1035 section 2.3.4)", () => {
  const content = hex(
    `${("3f" + "61".repeat(63)).repeat(3)}3d${"61".repeat(61)}00`,
  );
  assertEquals(content.length, 255);
  assertEquals(decodeOptionValue("domains", content).length, 1);
});

Deno.test("decodeOptionValue() refuses a pointer to a pointer, because such chains take quadratic time", () => {
  const chain = hex("0161 00 c000 c003");
  assertThrows(() => decodeOptionValue("domains", chain), DecodeError);
  const names = hex("0161 00 c000 0162 c000 c005");
  assertEquals(decodeOptionValue("domains", names), ["a", "a", "b.a", "b.a"]);
});

Deno.test("decodeOptionValue() accepts 64 domains but not 65", () => {
  const names = "0161 00".repeat(64);
  assertEquals(decodeOptionValue("domains", hex(names)).length, 64);
  const more = hex(`${names} 0161 00`);
  assertThrows(() => decodeOptionValue("domains", more), DecodeError);
});

testRows<{ name: string; names: string[] }>("encodeOptionValue() refuses", [
  { name: "an empty name", names: [""] },
  { name: "a label of 64 bytes", names: ["a".repeat(64)] },
  { name: "an empty label", names: ["a..b"] },
  { name: "a name of 256 bytes", names: [new Array(128).fill("a").join(".")] },
  { name: "a label with a space", names: ["a b"] },
], ({ names }) => {
  assertThrows(() => encodeOptionValue("domains", names), RangeError);
});

testRows("optionValue() returns", [
  { name: "undefined for an absent option", given: {}, want: undefined },
  { name: "the value of an option", given: { 26: "05dc" }, want: 1500 },
], ({ given, want }) => {
  assertEquals(optionValue(options(given), 26, "u16"), want);
});

Deno.test("optionValue() refuses a malformed option", () => {
  assertThrows(
    () => optionValue(options({ 26: "05" }), 26, "u16"),
    DecodeError,
  );
});

const address = fc.nat(0xffffffff).map(ipv4FromBits);
const domainName = fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/), {
  minLength: 1,
  maxLength: 8,
}).map((labels) => labels.join("."));
const route = fc.record({
  address: fc.nat(0xffffffff),
  prefixLength: fc.integer({ min: 0, max: 32 }),
  router: address,
}).map(({ address: bits, prefixLength, router }) => {
  // Octets that are not significant are not encoded.
  const unsent = 2 ** (32 - 8 * Math.ceil(prefixLength / 8));
  const sent = ipv4FromBits(bits - (bits % unsent));
  return { destination: { address: sent, prefixLength }, router };
});
const some = { minLength: 1, maxLength: 20 } as const;

const ANY_VALUE: {
  readonly [S in OptionShape]: fc.Arbitrary<OptionValues[S]>;
} = {
  ip: address,
  ips: fc.array(address, some),
  "ips-or-none": fc.array(address),
  "ip-pairs": fc.array(fc.tuple(address, address), some),
  u8: fc.nat(0xff),
  u8s: fc.array(fc.nat(0xff), some),
  u16: fc.nat(0xffff),
  u16s: fc.array(fc.nat(0xffff), some),
  u32: fc.nat(0xffffffff),
  i32: fc.integer(),
  flag: fc.boolean(),
  text: fc.string({ unit: "binary" }).map((text) =>
    text.toWellFormed().replace(/\0+$/, "")
  ),
  domain: domainName,
  domains: fc.array(domainName, some),
  "classless-routes": fc.array(route, some),
  empty: fc.constant(undefined),
  bytes: fc.uint8Array(),
};

const SHAPES = (Object.keys(ANY_VALUE) as OptionShape[])
  .map((name) => ({ name }));

testRows(
  "decodeOptionValue() returns what encodeOptionValue() encoded, for any",
  SHAPES,
  ({ name: shape }) => {
    const anyValue = ANY_VALUE[shape] as fc.Arbitrary<
      OptionValues[OptionShape]
    >;
    checkProperty(fc.property(anyValue, (value) => {
      const content = encodeOptionValue(shape, value);
      assertEquals(decodeOptionValue(shape, content), value);
    }));
  },
);

testRows(
  "decodeOptionValue() returns a value or throws a DecodeError, given any bytes for",
  SHAPES,
  ({ name: shape }) => {
    checkProperty(fc.property(fc.uint8Array({ maxLength: 80 }), (content) => {
      try {
        decodeOptionValue(shape, content);
      } catch (error) {
        assert(error instanceof DecodeError, String(error));
      }
    }));
  },
);

Deno.test("encodeOptionValue() encodes a host name as ASCII", () => {
  assertEquals(encodeOptionValue("text", "pod-1"), ascii("pod-1"));
});
