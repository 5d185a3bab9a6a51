import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../lib/base/json_reader.ts";
import {
  formatRange,
  rangeContains,
  rangesOverlap,
  readRange,
} from "../../../lib/host_local/range.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { thrownBy } from "../base/thrown.ts";
import { ip, range, type RangeKeys } from "./builders.ts";

const V6_LAST = "2001:db8:1:0:ffff:ffff:ffff:ffff";

/** `start-end`, and the gateway if there is one. */
function summary(keys: RangeKeys): string {
  const { gateway, ...bounds } = range(keys);
  const via = gateway === undefined ? "none" : formatIpAddress(gateway);
  return `${formatRange(bounds)} via ${via}`;
}

// Upstream contract 1.5, the table and its consequences; RFC 3021 and RFC 6164 for the small ones.
const RESOLVED: readonly { name: string; keys: RangeKeys; want: string }[] = [
  {
    name: "1.5 a /24",
    keys: { subnet: "192.0.2.0/24" },
    want: "192.0.2.1-192.0.2.254 via 192.0.2.1",
  },
  {
    name: "1.5 a /25",
    keys: { subnet: "192.0.2.0/25" },
    want: "192.0.2.1-192.0.2.126 via 192.0.2.1",
  },
  {
    name: "1.5 a /30",
    keys: { subnet: "10.0.0.0/30" },
    want: "10.0.0.1-10.0.0.2 via 10.0.0.1",
  },
  {
    name: "1.5 a /126, to its last address",
    keys: { subnet: "fd00::/126" },
    want: "fd00::1-fd00::3 via fd00::1",
  },
  {
    name: "1.5 a /64, to its last address",
    keys: { subnet: "2001:db8:1::/64" },
    want: `2001:db8:1::1-${V6_LAST} via 2001:db8:1::1`,
  },
  {
    name: "1.5 the whole of IPv4",
    keys: { subnet: "0.0.0.0/0" },
    want: "0.0.0.1-255.255.255.254 via 0.0.0.1",
  },
  {
    name: "1.5 the whole of IPv6",
    keys: { subnet: "::/0" },
    want: "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff via ::1",
  },
  {
    name: "1.5 a subnet at the end of IPv4",
    keys: { subnet: "255.255.255.0/24" },
    want: "255.255.255.1-255.255.255.254 via 255.255.255.1",
  },
  {
    name: "H8 a subnet inside ::/96 stays IPv6",
    keys: { subnet: "::100:0/120" },
    want: "::100:1-::100:ff via ::100:1",
  },
  {
    name: "RFC 3021 both addresses of a /31",
    keys: { subnet: "192.0.2.0/31" },
    want: "192.0.2.0-192.0.2.1 via none",
  },
  {
    name: "RFC 6164 both addresses of a /127",
    keys: { subnet: "2001:db8::/127" },
    want: "2001:db8::-2001:db8::1 via none",
  },
  {
    name: "the address of a /32",
    keys: { subnet: "192.0.2.7/32" },
    want: "192.0.2.7-192.0.2.7 via none",
  },
  {
    name: "the address of a /128",
    keys: { subnet: "2001:db8::7/128" },
    want: "2001:db8::7-2001:db8::7 via none",
  },
  {
    name: "the last /31 of IPv4",
    keys: { subnet: "255.255.255.254/31" },
    want: "255.255.255.254-255.255.255.255 via none",
  },
  {
    name: "the last /32 of IPv4",
    keys: { subnet: "255.255.255.255/32" },
    want: "255.255.255.255-255.255.255.255 via none",
  },
  {
    name: "a gateway given for a /31",
    keys: { subnet: "192.0.2.0/31", gateway: "192.0.2.0" },
    want: "192.0.2.0-192.0.2.1 via 192.0.2.0",
  },
  {
    name: "bounds given",
    keys: {
      subnet: "192.0.2.0/24",
      rangeStart: "192.0.2.10",
      rangeEnd: "192.0.2.20",
    },
    want: "192.0.2.10-192.0.2.20 via 192.0.2.1",
  },
  {
    name: "a range of one address",
    keys: {
      subnet: "192.0.2.0/24",
      rangeStart: "192.0.2.10",
      rangeEnd: "192.0.2.10",
    },
    want: "192.0.2.10-192.0.2.10 via 192.0.2.1",
  },
  {
    name: "start alone",
    keys: { subnet: "192.0.2.0/24", rangeStart: "192.0.2.10" },
    want: "192.0.2.10-192.0.2.254 via 192.0.2.1",
  },
  {
    name: "end alone",
    keys: { subnet: "192.0.2.0/24", rangeEnd: "192.0.2.20" },
    want: "192.0.2.1-192.0.2.20 via 192.0.2.1",
  },
  {
    name: "end alone, the default start itself",
    keys: { subnet: "192.0.2.0/24", rangeEnd: "192.0.2.1" },
    want: "192.0.2.1-192.0.2.1 via 192.0.2.1",
  },
  {
    name: "H12 the network address as start",
    keys: { subnet: "192.0.2.0/24", rangeStart: "192.0.2.0" },
    want: "192.0.2.0-192.0.2.254 via 192.0.2.1",
  },
  {
    name: "H12 the broadcast address as end",
    keys: { subnet: "192.0.2.0/24", rangeEnd: "192.0.2.255" },
    want: "192.0.2.1-192.0.2.255 via 192.0.2.1",
  },
  {
    name: "H7 the broadcast address as start alone is the end too",
    keys: { subnet: "10.0.0.0/24", rangeStart: "10.0.0.255" },
    want: "10.0.0.255-10.0.0.255 via 10.0.0.1",
  },
  {
    name: "H7 the default end as start alone",
    keys: { subnet: "10.0.0.0/24", rangeStart: "10.0.0.254" },
    want: "10.0.0.254-10.0.0.254 via 10.0.0.1",
  },
  {
    name: "H9 the last address of IPv4 as start alone",
    keys: { subnet: "255.255.255.0/24", rangeStart: "255.255.255.255" },
    want: "255.255.255.255-255.255.255.255 via 255.255.255.1",
  },
  {
    name: "the last address of a /64 as start alone",
    keys: { subnet: "2001:db8:1::/64", rangeStart: V6_LAST },
    want: `${V6_LAST}-${V6_LAST} via 2001:db8:1::1`,
  },
  {
    name: "the network address of a /31 as end",
    keys: { subnet: "192.0.2.0/31", rangeEnd: "192.0.2.0" },
    want: "192.0.2.0-192.0.2.0 via none",
  },
  {
    name: "H11 a gateway outside the subnet",
    keys: { subnet: "192.0.2.0/24", gateway: "10.0.0.1" },
    want: "192.0.2.1-192.0.2.254 via 10.0.0.1",
  },
  {
    name: "H11 a gateway of the other family",
    keys: { subnet: "192.0.2.0/24", gateway: "fe80::1" },
    want: "192.0.2.1-192.0.2.254 via fe80::1",
  },
  {
    name: "A.10 a mapped start is IPv4",
    keys: { subnet: "192.0.2.0/24", rangeStart: "::ffff:192.0.2.9" },
    want: "192.0.2.9-192.0.2.254 via 192.0.2.1",
  },
  {
    name: "A.10 empty texts are not given",
    keys: { subnet: "192.0.2.0/24", rangeStart: "", rangeEnd: "", gateway: "" },
    want: "192.0.2.1-192.0.2.254 via 192.0.2.1",
  },
];

for (const { name, keys, want } of RESOLVED) {
  Deno.test(`resolveRange() ${name}`, () => assertEquals(summary(keys), want));
}

function refused(message: string, path: string): Record<string, unknown> {
  return { name: "ConfigError", message, path };
}

function startOutside(address: string, subnet: string): unknown {
  return refused(
    `RangeStart ${address} not in network ${subnet}`,
    "r.rangeStart",
  );
}

function endOutside(address: string, subnet: string): unknown {
  return refused(`RangeEnd ${address} not in network ${subnet}`, "r.rangeEnd");
}

function hostBits(length: number, network: string): unknown {
  return refused(
    `Network has host bits set. For a subnet mask of length ${length} the network address is ${network}`,
    "r.subnet",
  );
}

const REFUSED: readonly { name: string; keys: RangeKeys; want: unknown }[] = [
  {
    name: "1.5.1 no subnet",
    keys: {},
    want: refused("IP <nil> not v4 nor v6", "r"),
  },
  {
    name: "1.5.1 bounds without a subnet",
    keys: { rangeStart: "10.0.0.1" },
    want: refused("IP <nil> not v4 nor v6", "r"),
  },
  {
    name: "1.5.3 a mapped subnet",
    keys: { subnet: "::ffff:10.0.0.0/120" },
    want: refused("IPNet IP and Mask version mismatch", "r.subnet"),
  },
  {
    name: "1.5.4 host bits of IPv4",
    keys: { subnet: "192.0.2.7/24" },
    want: hostBits(24, "192.0.2.0"),
  },
  {
    name: "1.5.4 host bits of IPv6",
    keys: { subnet: "2001:db8::1/64" },
    want: hostBits(64, "2001:db8::"),
  },
  {
    name: "1.5.4 the lowest host bit of a /31",
    keys: { subnet: "192.0.2.1/31" },
    want: hostBits(31, "192.0.2.0"),
  },
  {
    name: "1.5.4 before 1.5.6, host bits before the start",
    keys: { subnet: "192.0.2.7/24", rangeStart: "10.0.0.1" },
    want: hostBits(24, "192.0.2.0"),
  },
  {
    name: "1.5.6 a start below the subnet",
    keys: { subnet: "192.0.2.0/24", rangeStart: "192.0.1.255" },
    want: startOutside("192.0.1.255", "192.0.2.0/24"),
  },
  {
    name: "1.5.6 a start above the subnet",
    keys: { subnet: "192.0.2.0/24", rangeStart: "192.0.3.0" },
    want: startOutside("192.0.3.0", "192.0.2.0/24"),
  },
  {
    name: "1.5.6 a start of the other family",
    keys: { subnet: "192.0.2.0/24", rangeStart: "::1" },
    want: startOutside("::1", "192.0.2.0/24"),
  },
  {
    name: "1.5.6 a start above the end, as the start",
    keys: {
      subnet: "192.0.2.0/24",
      rangeStart: "192.0.2.20",
      rangeEnd: "192.0.2.10",
    },
    want: startOutside("192.0.2.20", "192.0.2.0/24"),
  },
  {
    name: "1.5.6 start before end, both outside",
    keys: {
      subnet: "192.0.2.0/24",
      rangeStart: "10.0.0.1",
      rangeEnd: "10.0.0.2",
    },
    want: startOutside("10.0.0.1", "192.0.2.0/24"),
  },
  {
    name: "1.5.7 an end above the subnet",
    keys: { subnet: "192.0.2.0/24", rangeEnd: "192.0.3.0" },
    want: endOutside("192.0.3.0", "192.0.2.0/24"),
  },
  {
    name: "1.5.7 an end below the subnet",
    keys: { subnet: "192.0.2.0/24", rangeEnd: "192.0.1.9" },
    want: endOutside("192.0.1.9", "192.0.2.0/24"),
  },
  {
    name: "1.5.7 the network address as end, as the end",
    keys: { subnet: "192.0.2.0/24", rangeEnd: "192.0.2.0" },
    want: endOutside("192.0.2.0", "192.0.2.0/24"),
  },
  {
    name: "1.5.7 an IPv6 end of an IPv4 subnet",
    keys: { subnet: "192.0.2.0/24", rangeEnd: "::1" },
    want: endOutside("::1", "192.0.2.0/24"),
  },
  {
    name: "1.5.7 an IPv4 end of an IPv6 subnet",
    keys: { subnet: "2001:db8::/64", rangeEnd: "192.0.2.1" },
    want: endOutside("192.0.2.1", "2001:db8::/64"),
  },
];

for (const { name, keys, want } of REFUSED) {
  Deno.test(`resolveRange() refuses ${name}`, () => {
    assertEquals(thrownBy(() => range(keys)), want);
  });
}

function badAddress(key: string, text: string): unknown {
  return refused(`invalid IP address: ${text}`, `r.${key}`);
}

const UNREADABLE = [
  { json: { rangeStart: "foo" }, want: badAddress("rangeStart", "foo") },
  { json: { rangeEnd: "10.0.0" }, want: badAddress("rangeEnd", "10.0.0") },
  {
    json: { gateway: "10.0.0.1/24" },
    want: badAddress("gateway", "10.0.0.1/24"),
  },
  { json: { gateway: "010.0.0.1" }, want: badAddress("gateway", "010.0.0.1") },
  { json: { subnet: "" }, want: refused("invalid CIDR address: ", "r.subnet") },
  {
    json: { subnet: null },
    want: refused("invalid CIDR address: ", "r.subnet"),
  },
  {
    json: { subnet: "10.0.0.0" },
    want: refused("invalid CIDR address: 10.0.0.0", "r.subnet"),
  },
  {
    json: { subnet: 7 },
    want: {
      name: "DecodeError",
      message: "json: cannot unmarshal number into r.subnet: expected a string",
      at: "r.subnet",
    },
  },
  {
    json: { gateway: [] },
    want: {
      name: "DecodeError",
      message: "json: cannot unmarshal array into r.gateway: expected a string",
      at: "r.gateway",
    },
  },
] as const;

for (const { json, want } of UNREADABLE) {
  Deno.test(`readRange() A.10 refuses ${JSON.stringify(json)}`, () => {
    assertEquals<unknown>(
      thrownBy(() => readRange(new JsonObject(json, "r"))),
      want,
    );
  });
}

Deno.test("readRange() A.10 folds case and has null for not given", () => {
  const json = { SUBNET: "10.0.0.0/24", rangestart: "10.0.0.5", Gateway: null };
  assertEquals(readRange(new JsonObject(json, "r")), {
    subnet: { address: ip("10.0.0.0"), prefixLength: 24 },
    rangeStart: ip("10.0.0.5"),
    rangeEnd: undefined,
    gateway: undefined,
    path: "r",
  });
});

const POOL = {
  subnet: "192.0.2.0/24",
  rangeStart: "192.0.2.10",
  rangeEnd: "192.0.2.20",
} as const;

const MEMBERS = [
  { address: "192.0.2.9", want: false },
  { address: "192.0.2.10", want: true },
  { address: "192.0.2.15", want: true },
  { address: "192.0.2.20", want: true },
  { address: "192.0.2.21", want: false },
  { address: "::192.0.2.15", want: false },
] as const;

for (const { address, want } of MEMBERS) {
  const verb = want ? "has" : "lacks";
  Deno.test(`rangeContains() .10 to .20 ${verb} ${address}`, () => {
    assertEquals(rangeContains(range(POOL), ip(address)), want);
  });
}

function slice(start: number, end: number): RangeKeys {
  return {
    subnet: "192.0.2.0/24",
    rangeStart: `192.0.2.${start}`,
    rangeEnd: `192.0.2.${end}`,
  };
}

const OVERLAPS: readonly {
  name: string;
  a: RangeKeys;
  b: RangeKeys;
  want: boolean;
}[] = [
  { name: "the same range", a: slice(10, 20), b: slice(10, 20), want: true },
  {
    name: "one inside the other",
    a: slice(10, 20),
    b: slice(12, 14),
    want: true,
  },
  {
    name: "a shared end and start",
    a: slice(10, 20),
    b: slice(20, 30),
    want: true,
  },
  { name: "neighbours", a: slice(10, 20), b: slice(21, 30), want: false },
  { name: "ranges apart", a: slice(10, 20), b: slice(40, 50), want: false },
  {
    name: "families with the same bits",
    a: { subnet: "192.0.2.0/24" },
    b: { subnet: "::c000:200/120" },
    want: false,
  },
];

for (const { name, a, b, want } of OVERLAPS) {
  Deno.test(`rangesOverlap() says ${want ? "yes" : "no"} to ${name}`, () => {
    const both = [
      rangesOverlap(range(a), range(b)),
      rangesOverlap(range(b), range(a)),
    ];
    assertEquals(both, [want, want]);
  });
}
