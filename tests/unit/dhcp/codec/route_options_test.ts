import { assertEquals } from "@std/assert";
import { OptionReader } from "../../../../lib/dhcp/codec/option_reader.ts";
import {
  formatRoute,
  gatewayOf,
  routesOf,
} from "../../../../lib/dhcp/codec/route_options.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { ip, options } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";

const CLIENT = { address: ip("192.0.2.50"), prefixLength: 24 };

interface Row {
  readonly name: string;
  readonly given: Record<number, string>;
  readonly want: readonly string[];
  readonly warns?: readonly number[];
}

const ROUTER = { 3: "c0000201" };
const STATIC = { 33: "0a010203 c0000202" };
const CLASSLESS = { 121: "18 c0a84e 00000000 00 c0000203" };

testRows<Row>("routesOf()", [
  { name: "returns no routes without options", given: {}, want: [] },
  {
    name: "returns a default route through the first router",
    given: { 3: "c0000201 c0000209" },
    want: ["0.0.0.0/0 via 192.0.2.1"],
  },
  {
    name: "skips the router 0.0.0.0",
    given: { 3: "00000000 c0000209" },
    want: ["0.0.0.0/0 via 192.0.2.9"],
  },
  {
    name: "puts classful static routes (33) before the default route (3)",
    given: { ...ROUTER, ...STATIC },
    want: ["10.0.0.0/8 via 192.0.2.2", "0.0.0.0/0 via 192.0.2.1"],
  },
  {
    name: "derives the class of a static route from the first octet",
    given: {
      33: `7effffff c0000202 80010203 c0000202 bfffffff c0000202
           c0010203 c0000202 dffffe03 c0000202`,
    },
    want: [
      "126.0.0.0/8 via 192.0.2.2",
      "128.1.0.0/16 via 192.0.2.2",
      "191.255.0.0/16 via 192.0.2.2",
      "192.1.2.0/24 via 192.0.2.2",
      "223.255.254.0/24 via 192.0.2.2",
    ],
  },
  {
    name:
      'ignores a default route in 33 (RFC 2132 section 5.8: "an illegal destination")',
    given: { 33: "00000000 c0000202 0a000000 c0000202" },
    want: ["10.0.0.0/8 via 192.0.2.2"],
    warns: [33],
  },
  {
    name:
      'ignores 33 and 3 if 121 is present (RFC 3442: "the DHCP client MUST ignore the Router option")',
    given: { ...ROUTER, ...STATIC, ...CLASSLESS },
    want: ["192.168.78.0/24 on-link", "0.0.0.0/0 via 192.0.2.3"],
  },
  {
    name: "returns no default route if 121 has none",
    given: { ...ROUTER, 121: "08 0a c0000203" },
    want: ["10.0.0.0/8 via 192.0.2.3"],
  },
  {
    name: "clears the host bits of routes in 121",
    given: { 121: "14 0a11ff c0000203" },
    want: ["10.17.240.0/20 via 192.0.2.3"],
  },
  {
    name: "treats a malformed 121 as absent, with a warning",
    given: { ...ROUTER, ...STATIC, 121: "21 0a c0000203" },
    want: ["10.0.0.0/8 via 192.0.2.2", "0.0.0.0/0 via 192.0.2.1"],
    warns: [121],
  },
  {
    name: "treats an empty 121 as absent, with a warning",
    given: { ...ROUTER, 121: "" },
    want: ["0.0.0.0/0 via 192.0.2.1"],
    warns: [121],
  },
  {
    name: "treats malformed 33 and 3 as absent, with warnings",
    given: { 33: "0a010203", 3: "c00002" },
    want: [],
    warns: [3, 33],
  },
  {
    name: "skips routers that no other host can be",
    given: {
      3: "7f000001 ffffffff e0000001 c0000232 c0000200 c00002ff 00000001 c0000209",
    },
    want: ["0.0.0.0/0 via 192.0.2.9"],
    warns: [3, 3, 3, 3, 3, 3, 3],
  },
  {
    name: "accepts a router outside the subnet",
    given: { 3: "c6336401" },
    want: ["0.0.0.0/0 via 198.51.100.1"],
  },
  {
    name: "drops routes in 121 whose next hop no other host can be",
    given: {
      121:
        "08 0a 7f000001 08 0b ffffffff 08 0c c0000232 08 0d c00002ff 08 0e c0000203",
    },
    want: ["14.0.0.0/8 via 192.0.2.3"],
    warns: [121, 121, 121, 121],
  },
  {
    name: "drops routes in 121 to where no host is (RFC 1122 section 3.2.1.3)",
    given: {
      121: `08 7f c0000203 10 7f01 c0000203 04 e0 c0000203 04 f0 c0000203
            03 e0 c0000203 20 ffffffff c0000203 18 000102 c0000203
            20 c0000232 c0000203 00 c0000203`,
    },
    want: ["0.0.0.0/0 via 192.0.2.3"],
    warns: [121, 121, 121, 121, 121, 121, 121, 121],
  },
  {
    name: "keeps wide routes in 121, which other rules judge",
    given: { 121: "01 00 c0000203 01 80 c0000203" },
    want: ["0.0.0.0/1 via 192.0.2.3", "128.0.0.0/1 via 192.0.2.3"],
  },
  {
    name: "treats a 121 without a usable route as absent",
    given: { ...ROUTER, 121: "08 0a 7f000001" },
    want: ["0.0.0.0/0 via 192.0.2.1"],
    warns: [121],
  },
  {
    name: "drops unusable routes in 33",
    given: { 33: "7f000001 c0000202 0a000000 7f000001 0b000000 c0000202" },
    want: ["11.0.0.0/8 via 192.0.2.2"],
    warns: [33, 33],
  },
], ({ given, want, warns = [] }) => {
  const reader = new OptionReader(options(given));
  assertEquals(routesOf(reader, CLIENT).map(formatRoute), want);
  assertEquals(
    reader.warnings.map((text) => Number(text.match(/^option (\d+)/)?.[1])),
    warns,
  );
});

Deno.test("gatewayOf() returns the first router, even if the routes come from 121", () => {
  const reader = new OptionReader(options({ ...ROUTER, ...CLASSLESS }));
  const gateway = gatewayOf(reader, CLIENT);
  assertEquals(gateway && formatIpAddress(gateway), "192.0.2.1");
});
