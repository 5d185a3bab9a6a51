import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../lib/base/json_reader.ts";
import { formatRange, readRange } from "../../../lib/host_local/range.ts";
import {
  countUsableAddresses,
  familyOf,
  findRange,
  formatRangeSet,
  isGateway,
  rangesWithOutsideGateway,
  refuseOverlappingSets,
  resolveRangeSets,
  usableAddresses,
} from "../../../lib/host_local/range_set.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { ip, range, type RangeKeys, rangeSet } from "./builders.ts";

type Sets = readonly (readonly (string | RangeKeys)[])[];

function resolve(sets: Sets): unknown {
  return resolveRangeSets(
    sets.map((set, setIndex) => ({
      path: `s[${setIndex}]`,
      ranges: set.map((keys, index) => {
        const json = typeof keys === "string" ? { subnet: keys } : keys;
        return readRange(new JsonObject(json, `s[${setIndex}][${index}]`));
      }),
    })),
  );
}

function refused(message: string, path: string): Record<string, unknown> {
  return { name: "ConfigError", message, path };
}

function hostBits(index: number, path: string): unknown {
  return refused(
    `invalid range set ${index}: Network has host bits set. For a subnet mask of length 24 the network address is 10.0.0.0`,
    path,
  );
}

function slice(start: number, end: number): RangeKeys {
  return {
    subnet: "10.0.0.0/24",
    rangeStart: `10.0.0.${start}`,
    rangeEnd: `10.0.0.${end}`,
  };
}

const REFUSED: readonly { name: string; sets: Sets; want: unknown }[] = [
  {
    name: "an empty set",
    sets: [[]],
    want: refused("invalid range set 0: empty range set", "s[0]"),
  },
  {
    name: "the second set, by its index",
    sets: [["10.0.0.0/24"], []],
    want: refused("invalid range set 1: empty range set", "s[1]"),
  },
  {
    name: "an invalid range, by its path",
    sets: [["10.1.0.0/24", "10.0.0.1/24"]],
    want: hostBits(0, "s[0][1].subnet"),
  },
  {
    name: "the first invalid set",
    sets: [["10.0.0.1/24"], []],
    want: hostBits(0, "s[0][0].subnet"),
  },
  {
    name: "a set of both families",
    sets: [["10.0.0.0/24", "fd00::/64"]],
    want: refused("invalid range set 0: mixed address families", "s[0][1]"),
  },
  {
    name: "mixed families before a later invalid range",
    sets: [["10.0.0.0/24", "fd00::/64", "10.0.0.1/24"]],
    want: refused("invalid range set 0: mixed address families", "s[0][1]"),
  },
  {
    name: "an invalid range before mixed families",
    sets: [["fd00::/64", "10.0.0.1/24"]],
    want: hostBits(0, "s[0][1].subnet"),
  },
  {
    name: "ranges that share an address",
    sets: [[slice(10, 20), slice(20, 30)]],
    want: refused(
      "invalid range set 0: subnets 10.0.0.10-10.0.0.20 and 10.0.0.20-10.0.0.30 overlap",
      "s[0][1]",
    ),
  },
  {
    name: "an address shared by the first and the third range",
    sets: [[slice(10, 20), slice(30, 40), slice(5, 10)]],
    want: refused(
      "invalid range set 0: subnets 10.0.0.10-10.0.0.20 and 10.0.0.5-10.0.0.10 overlap",
      "s[0][2]",
    ),
  },
  {
    name: "the same subnet twice",
    sets: [["10.0.0.0/24", "10.0.0.0/24"]],
    want: refused(
      "invalid range set 0: subnets 10.0.0.1-10.0.0.254 and 10.0.0.1-10.0.0.254 overlap",
      "s[0][1]",
    ),
  },
  {
    name: "a range of its gateway alone",
    sets: [[{ ...slice(5, 5), gateway: "10.0.0.5" }]],
    want: refused(
      "invalid range set 0: every address in 10.0.0.5-10.0.0.5 is a gateway",
      "s[0][0]",
    ),
  },
  {
    name: "ranges of the default gateway alone",
    sets: [[{ subnet: "10.0.0.0/24", rangeEnd: "10.0.0.1" }]],
    want: refused(
      "invalid range set 0: every address in 10.0.0.1-10.0.0.1 is a gateway",
      "s[0][0]",
    ),
  },
  {
    name: "ranges of each other's gateways",
    sets: [["fd00::/64"], [
      { ...slice(5, 5), gateway: "10.0.0.6" },
      { ...slice(6, 6), gateway: "10.0.0.5" },
    ]],
    want: refused(
      "invalid range set 1: every address in 10.0.0.5-10.0.0.5,10.0.0.6-10.0.0.6 is a gateway",
      "s[1][0]",
    ),
  },
  {
    name: "an overlap before a range of its gateway",
    sets: [[
      { ...slice(5, 5), gateway: "10.0.0.5" },
      { ...slice(5, 5), gateway: "10.0.0.5" },
    ]],
    want: refused(
      "invalid range set 0: subnets 10.0.0.5-10.0.0.5 and 10.0.0.5-10.0.0.5 overlap",
      "s[0][1]",
    ),
  },
  {
    name: "an invalid range before an overlap",
    sets: [[slice(10, 20), slice(20, 30), "10.0.0.1/24"]],
    want: hostBits(0, "s[0][2].subnet"),
  },
];

testRows("resolveRangeSets() refuses", REFUSED, ({ sets, want }) => {
  assertEquals(thrownBy(() => resolve(sets)), want);
});

Deno.test("resolveRangeSets() keeps the order of sets and ranges", () => {
  assertEquals<unknown>(
    resolve([["10.0.0.0/24"], [slice(20, 30), slice(10, 19)]]),
    [[range("10.0.0.0/24")], [range(slice(20, 30)), range(slice(10, 19))]],
  );
});

Deno.test("resolveRangeSets() does not compare sets", () => {
  assertEquals(
    thrownBy(() => resolve([["10.0.0.0/24"], ["10.0.0.0/24"]])),
    undefined,
  );
});

const COUNTS: readonly {
  name: string;
  set: readonly [string | RangeKeys, ...(string | RangeKeys)[]];
  want: bigint;
  first: readonly string[];
}[] = [
  {
    name: "all but the default gateway",
    set: ["10.0.0.0/29"],
    want: 5n,
    first: ["10.0.0.2", "10.0.0.3"],
  },
  {
    name: "all if the gateway is elsewhere",
    set: [{ subnet: "10.0.0.0/29", gateway: "10.9.0.1" }],
    want: 6n,
    first: ["10.0.0.1", "10.0.0.2"],
  },
  {
    name: "no gateway of a sibling range",
    set: [slice(5, 6), { ...slice(8, 9), gateway: "10.0.0.5" }],
    want: 3n,
    first: ["10.0.0.6", "10.0.0.8"],
  },
  {
    name: "one gateway of two ranges once",
    set: [
      { ...slice(5, 6), gateway: "10.0.0.5" },
      { ...slice(8, 9), gateway: "10.0.0.5" },
    ],
    want: 3n,
    first: ["10.0.0.6", "10.0.0.8"],
  },
  {
    name: "a single address",
    set: ["10.0.0.9/32"],
    want: 1n,
    first: ["10.0.0.9"],
  },
  {
    name: "a large IPv6 range",
    set: ["fd00::/64"],
    want: 2n ** 64n - 2n,
    first: ["fd00::2", "fd00::3"],
  },
];

testRows(
  "countUsableAddresses() and usableAddresses() count",
  COUNTS,
  ({ set: [head, ...tail], want, first }) => {
    const set = rangeSet(head, ...tail);
    assertEquals(countUsableAddresses(set), want);
    assertEquals(
      usableAddresses(set).take(2).map(formatIpAddress).toArray(),
      [...first],
    );
  },
);

const SET = rangeSet("10.0.0.0/30", {
  subnet: "10.1.0.0/24",
  gateway: "10.0.0.2",
});

const PATHS = ["s[0]", "s[1]", "s[2]", "s[3]", "s[4]"];

Deno.test("refuseOverlappingSets() names the first pair", () => {
  const sets = [
    rangeSet("10.9.0.0/24"),
    rangeSet("10.1.0.0/24"),
    rangeSet("10.2.0.0/24", "10.0.0.0/24"),
    rangeSet(slice(254, 254)),
    rangeSet("10.1.0.0/16"),
  ];
  assertEquals(
    thrownBy(() => refuseOverlappingSets(sets, PATHS)),
    refused("range set 1 overlaps with 4", "s[4]"),
  );
});

const PARTLY = [
  {
    name: "the second range of the first set",
    sets: [rangeSet("10.1.0.0/24", "10.2.0.0/24"), rangeSet("10.2.0.0/16")],
  },
  {
    name: "the second range of the second set",
    sets: [rangeSet("10.2.0.0/16"), rangeSet("10.1.0.0/24", "10.2.0.0/24")],
  },
] as const;

testRows("refuseOverlappingSets() compares", PARTLY, ({ sets }) => {
  assertEquals(
    thrownBy(() => refuseOverlappingSets(sets, PATHS)),
    refused("range set 0 overlaps with 1", "s[1]"),
  );
});

Deno.test("refuseOverlappingSets() accepts neighbours", () => {
  const sets = [
    rangeSet(slice(1, 10)),
    rangeSet(slice(11, 20)),
    rangeSet("fd00::/64"),
  ];
  assertEquals(thrownBy(() => refuseOverlappingSets(sets, PATHS)), undefined);
});

Deno.test("familyOf() returns the family of the addresses", () => {
  assertEquals([familyOf(SET), familyOf(rangeSet("fd00::/64"))], [4, 6]);
});

Deno.test("formatRangeSet() separates ranges with commas", () => {
  assertEquals(formatRangeSet(SET), "10.0.0.1-10.0.0.2,10.1.0.1-10.1.0.254");
});

Deno.test("findRange() returns the range that an address lies in", () => {
  assertEquals(findRange(SET, ip("10.1.0.7")), SET[1]);
});

Deno.test("findRange() returns undefined for an address between ranges", () => {
  assertEquals(findRange(SET, ip("10.0.0.3")), undefined);
});

const GATEWAYS = [
  { name: "a default gateway", address: "10.0.0.1", want: true },
  {
    name: "the gateway of a sibling range (sibling-gateways)",
    address: "10.0.0.2",
    want: true,
  },
  { name: "an ordinary address", address: "10.1.0.1", want: false },
  {
    name: "the bits of a gateway in the other family",
    address: "::10.0.0.1",
    want: false,
  },
] as const;

testRows("isGateway() judges", GATEWAYS, ({ address, want }) => {
  assertEquals(isGateway(SET, ip(address)), want);
});

Deno.test("isGateway() is false if there is no gateway", () => {
  assertEquals(isGateway(rangeSet("10.0.0.0/31"), ip("10.0.0.0")), false);
});

const GATEWAYS_BY_SUBNET: readonly [
  name: string,
  keys: RangeKeys,
  want: readonly string[],
][] = [
  ["a default gateway", { subnet: "10.0.0.0/24" }, []],
  ["no gateway", { subnet: "10.0.0.0/32" }, []],
  [
    "a gateway elsewhere for a /32, which has no room for one",
    { subnet: "10.0.0.7/32", gateway: "10.0.0.1" },
    [],
  ],
  [
    "a gateway elsewhere for a /127, which has no room for one",
    { subnet: "fd00::2/127", gateway: "fe80::1" },
    [],
  ],
  [
    "a gateway outside the range but inside the subnet",
    { subnet: "10.0.0.0/24", rangeEnd: "10.0.0.9", gateway: "10.0.0.254" },
    [],
  ],
  [
    "a gateway outside the subnet",
    { subnet: "10.0.0.0/24", gateway: "10.0.1.1" },
    ["10.0.0.1-10.0.0.254 via 10.0.1.1"],
  ],
  [
    "a gateway of the other family",
    { subnet: "10.0.0.0/24", gateway: "fe80::1" },
    ["10.0.0.1-10.0.0.254 via fe80::1"],
  ],
];

testRows(
  "rangesWithOutsideGateway() judges",
  GATEWAYS_BY_SUBNET.map(([name, keys, want]) => ({ name, keys, want })),
  ({ keys, want }) => {
    const sets = [rangeSet("10.9.0.0/24"), rangeSet(keys)];
    const found = rangesWithOutsideGateway(sets).map(({ range, gateway }) =>
      `${formatRange(range)} via ${formatIpAddress(gateway)}`
    );
    assertEquals(found, want);
  },
);
