import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../lib/base/json_reader.ts";
import {
  formatRange,
  rangeContains,
  rangesOverlap,
  readRange,
} from "../../../lib/host_local/range.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { ip, range, type RangeKeys } from "./builders.ts";

const V6 = "2001:db8:1::/64";
const V6_FIRST = "2001:db8:1::1";
const V6_LAST = "2001:db8:1:0:ffff:ffff:ffff:ffff";
const LAST24 = "255.255.255.";

/** Keys of a range; a text is the subnet alone. */
type Keys = string | RangeKeys;

/** The range as `start-end via gateway`. */
function summary(keys: Keys): string {
  const { gateway, ...bounds } = range(keys);
  const via = gateway === undefined ? "none" : formatIpAddress(gateway);
  return `${formatRange(bounds)} via ${via}`;
}

const SUBNET = "192.0.2.0/24";

/** Keys of a range in 192.0.2.0/24. */
function inSubnet(keys: RangeKeys): RangeKeys {
  return { subnet: SUBNET, ...keys };
}

const FILLED_IN: readonly [name: string, keys: Keys, want: string][] = [
  ["a /24", SUBNET, "192.0.2.1-192.0.2.254 via 192.0.2.1"],
  ["a /25", "192.0.2.0/25", "192.0.2.1-192.0.2.126 via 192.0.2.1"],
  ["a /30", "10.0.0.0/30", "10.0.0.1-10.0.0.2 via 10.0.0.1"],
  ["a /126 to its last address", "fd00::/126", "fd00::1-fd00::3 via fd00::1"],
  ["a /64 to its last address", V6, `2001:db8:1::1-${V6_LAST} via ${V6_FIRST}`],
  ["all of IPv4", "0.0.0.0/0", "0.0.0.1-255.255.255.254 via 0.0.0.1"],
  ["all of IPv6", "::/0", `::1-${"ffff:".repeat(7)}ffff via ::1`],
  [
    "the last /24",
    "255.255.255.0/24",
    `${LAST24}1-${LAST24}254 via ${LAST24}1`,
  ],
  [
    "a subnet inside ::/96 as IPv6 (ipv6-low-96)",
    "::100:0/120",
    "::100:1-::100:ff via ::100:1",
  ],
  [
    "both addresses of a /31 (RFC 3021)",
    "192.0.2.0/31",
    "192.0.2.0-192.0.2.1 via none",
  ],
  [
    "both addresses of a /127 (RFC 6164)",
    "2001:db8::/127",
    "2001:db8::-2001:db8::1 via none",
  ],
  ["a /32", "192.0.2.7/32", "192.0.2.7-192.0.2.7 via none"],
  ["a /128", "2001:db8::7/128", "2001:db8::7-2001:db8::7 via none"],
  ["the last /31", "255.255.255.254/31", `${LAST24}254-${LAST24}255 via none`],
  ["the last /32", "255.255.255.255/32", `${LAST24}255-${LAST24}255 via none`],
  [
    "a /31 with a configured gateway",
    { subnet: "192.0.2.0/31", gateway: "192.0.2.0" },
    "192.0.2.0-192.0.2.1 via 192.0.2.0",
  ],
  [
    "a start and an end",
    inSubnet({ rangeStart: "192.0.2.10", rangeEnd: "192.0.2.20" }),
    "192.0.2.10-192.0.2.20 via 192.0.2.1",
  ],
  [
    "a range of one address",
    inSubnet({ rangeStart: "192.0.2.10", rangeEnd: "192.0.2.10" }),
    "192.0.2.10-192.0.2.10 via 192.0.2.1",
  ],
  [
    "a start without an end",
    inSubnet({ rangeStart: "192.0.2.10" }),
    "192.0.2.10-192.0.2.254 via 192.0.2.1",
  ],
  [
    "an end without a start",
    inSubnet({ rangeEnd: "192.0.2.20" }),
    "192.0.2.1-192.0.2.20 via 192.0.2.1",
  ],
  [
    "an end at the default start",
    inSubnet({ rangeEnd: "192.0.2.1" }),
    "192.0.2.1-192.0.2.1 via 192.0.2.1",
  ],
  [
    "a start at the network address",
    inSubnet({ rangeStart: "192.0.2.0" }),
    "192.0.2.0-192.0.2.254 via 192.0.2.1",
  ],
  [
    "an end at the broadcast address",
    inSubnet({ rangeEnd: "192.0.2.255" }),
    "192.0.2.1-192.0.2.255 via 192.0.2.1",
  ],
  [
    "a start at the broadcast address as a range of one (range-end-clamped)",
    { subnet: "10.0.0.0/24", rangeStart: "10.0.0.255" },
    "10.0.0.255-10.0.0.255 via 10.0.0.1",
  ],
  [
    "a start at the default end",
    { subnet: "10.0.0.0/24", rangeStart: "10.0.0.254" },
    "10.0.0.254-10.0.0.254 via 10.0.0.1",
  ],
  [
    "a start at the last IPv4 address (range-end-clamped)",
    { subnet: "255.255.255.0/24", rangeStart: "255.255.255.255" },
    `${LAST24}255-${LAST24}255 via ${LAST24}1`,
  ],
  [
    "a start at the last address of a /64",
    { subnet: V6, rangeStart: V6_LAST },
    `${V6_LAST}-${V6_LAST} via ${V6_FIRST}`,
  ],
  [
    "an end at the network address of a /31",
    { subnet: "192.0.2.0/31", rangeEnd: "192.0.2.0" },
    "192.0.2.0-192.0.2.0 via none",
  ],
  [
    "a gateway outside the subnet (gateway-warning)",
    inSubnet({ gateway: "10.0.0.1" }),
    "192.0.2.1-192.0.2.254 via 10.0.0.1",
  ],
  [
    "a gateway of the other family (gateway-warning)",
    inSubnet({ gateway: "fe80::1" }),
    "192.0.2.1-192.0.2.254 via fe80::1",
  ],
  [
    "an IPv4-mapped start as IPv4",
    inSubnet({ rangeStart: "::ffff:192.0.2.9" }),
    "192.0.2.9-192.0.2.254 via 192.0.2.1",
  ],
  [
    "empty texts as absent",
    inSubnet({ rangeStart: "", rangeEnd: "", gateway: "" }),
    "192.0.2.1-192.0.2.254 via 192.0.2.1",
  ],
];

testRows(
  "resolveRange() takes",
  FILLED_IN.map(([name, keys, want]) => ({ name, keys, want })),
  ({ keys, want }) => assertEquals(summary(keys), want),
);

function refused(message: string, path: string): Record<string, unknown> {
  return { name: "ConfigError", message, path };
}

function startOutside(address: string): unknown {
  const message = `RangeStart ${address} not in network ${SUBNET}`;
  return refused(message, "r.rangeStart");
}

function endOutside(address: string, subnet = SUBNET): unknown {
  return refused(`RangeEnd ${address} not in network ${subnet}`, "r.rangeEnd");
}

function hostBits(length: number, network: string): unknown {
  const message =
    `Network has host bits set. For a subnet mask of length ${length} ` +
    `the network address is ${network}`;
  return refused(message, "r.subnet");
}

const NO_SUBNET = refused("IP <nil> not v4 nor v6", "r");

const REFUSED: readonly [name: string, keys: Keys, want: unknown][] = [
  ["no subnet", {}, NO_SUBNET],
  ["bounds without a subnet", { rangeStart: "10.0.0.1" }, NO_SUBNET],
  [
    "an IPv4-mapped subnet",
    "::ffff:10.0.0.0/120",
    refused("IPNet IP and Mask version mismatch", "r.subnet"),
  ],
  ["IPv4 host bits", "192.0.2.7/24", hostBits(24, "192.0.2.0")],
  ["IPv6 host bits", "2001:db8::1/64", hostBits(64, "2001:db8::")],
  ["the host bit of a /31", "192.0.2.1/31", hostBits(31, "192.0.2.0")],
  [
    "host bits before a wrong start",
    { subnet: "192.0.2.7/24", rangeStart: "10.0.0.1" },
    hostBits(24, "192.0.2.0"),
  ],
  [
    "a start below the subnet",
    inSubnet({ rangeStart: "192.0.1.255" }),
    startOutside("192.0.1.255"),
  ],
  [
    "a start above the subnet",
    inSubnet({ rangeStart: "192.0.3.0" }),
    startOutside("192.0.3.0"),
  ],
  [
    "a start of the other family",
    inSubnet({ rangeStart: "::1" }),
    startOutside("::1"),
  ],
  [
    "a start above the end, naming the start",
    inSubnet({ rangeStart: "192.0.2.20", rangeEnd: "192.0.2.10" }),
    startOutside("192.0.2.20"),
  ],
  [
    "a start and an end outside, naming the start",
    inSubnet({ rangeStart: "10.0.0.1", rangeEnd: "10.0.0.2" }),
    startOutside("10.0.0.1"),
  ],
  [
    "an end above the subnet",
    inSubnet({ rangeEnd: "192.0.3.0" }),
    endOutside("192.0.3.0"),
  ],
  [
    "an end below the subnet",
    inSubnet({ rangeEnd: "192.0.1.9" }),
    endOutside("192.0.1.9"),
  ],
  [
    "an end at the network address",
    inSubnet({ rangeEnd: "192.0.2.0" }),
    endOutside("192.0.2.0"),
  ],
  [
    "an IPv6 end of an IPv4 subnet",
    inSubnet({ rangeEnd: "::1" }),
    endOutside("::1"),
  ],
  [
    "an IPv4 end of an IPv6 subnet",
    { subnet: "2001:db8::/64", rangeEnd: "192.0.2.1" },
    endOutside("192.0.2.1", "2001:db8::/64"),
  ],
];

testRows(
  "resolveRange() refuses",
  REFUSED.map(([name, keys, want]) => ({ name, keys, want })),
  ({ keys, want }) => assertEquals(thrownBy(() => range(keys)), want),
);

function badAddress(key: string, text: string): unknown {
  return refused(`invalid IP address: ${text}`, `r.${key}`);
}

function badSubnet(text: string): unknown {
  return refused(`invalid CIDR address: ${text}`, "r.subnet");
}

function notString(kind: string, at: string): unknown {
  const message =
    `json: cannot unmarshal ${kind} into ${at}: expected a string`;
  return { name: "DecodeError", message, at };
}

const UNREADABLE: readonly [json: unknown, want: unknown][] = [
  [{ rangeStart: "foo" }, badAddress("rangeStart", "foo")],
  [{ rangeEnd: "10.0.0" }, badAddress("rangeEnd", "10.0.0")],
  [{ gateway: "10.0.0.1/24" }, badAddress("gateway", "10.0.0.1/24")],
  [{ gateway: "010.0.0.1" }, badAddress("gateway", "010.0.0.1")],
  [{ subnet: "" }, badSubnet("")],
  [{ subnet: null }, badSubnet("")],
  [{ subnet: "10.0.0.0" }, badSubnet("10.0.0.0")],
  [{ subnet: 7 }, notString("number", "r.subnet")],
  [{ gateway: [] }, notString("array", "r.gateway")],
];

testRows(
  "readRange() refuses",
  UNREADABLE.map(([json, want]) => ({
    name: JSON.stringify(json),
    json,
    want,
  })),
  ({ json, want }) => {
    assertEquals(thrownBy(() => readRange(new JsonObject(json, "r"))), want);
  },
);

Deno.test("readRange() ignores the case of keys, and takes null as absent", () => {
  const json = { SUBNET: "10.0.0.0/24", rangestart: "10.0.0.5", Gateway: null };
  assertEquals(readRange(new JsonObject(json, "r")), {
    subnet: { address: ip("10.0.0.0"), prefixLength: 24 },
    rangeStart: ip("10.0.0.5"),
    rangeEnd: undefined,
    gateway: undefined,
    exclude: [],
    path: "r",
  });
});

const POOL = {
  subnet: "192.0.2.0/24",
  rangeStart: "192.0.2.10",
  rangeEnd: "192.0.2.20",
} as const;

const MEMBERS: readonly [address: string, want: boolean][] = [
  ["192.0.2.9", false],
  ["192.0.2.10", true],
  ["192.0.2.15", true],
  ["192.0.2.20", true],
  ["192.0.2.21", false],
  ["::192.0.2.15", false],
];

testRows(
  "rangeContains() of .10 to .20 tells whether it has",
  MEMBERS.map(([name, want]) => ({ name, want })),
  ({ name, want }) => assertEquals(rangeContains(range(POOL), ip(name)), want),
);

function slice(start: number, end: number): RangeKeys {
  return {
    subnet: SUBNET,
    rangeStart: `192.0.2.${start}`,
    rangeEnd: `192.0.2.${end}`,
  };
}

type Overlap = readonly [name: string, a: Keys, b: Keys, want: boolean];

const OVERLAPS: readonly Overlap[] = [
  ["the same range", slice(10, 20), slice(10, 20), true],
  ["a range inside the other", slice(10, 20), slice(12, 14), true],
  ["an end at the other's start", slice(10, 20), slice(20, 30), true],
  ["neighbours", slice(10, 20), slice(21, 30), false],
  ["distant ranges", slice(10, 20), slice(40, 50), false],
  ["families with the same bits", SUBNET, "::c000:200/120", false],
];

testRows(
  "rangesOverlap() judges, in both orders,",
  OVERLAPS.map(([name, a, b, want]) => ({ name, a, b, want })),
  ({ a, b, want }) => {
    const both = [
      rangesOverlap(range(a), range(b)),
      rangesOverlap(range(b), range(a)),
    ];
    assertEquals(both, [want, want]);
  },
);
