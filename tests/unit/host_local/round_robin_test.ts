import { assertEquals } from "@std/assert";
import type { RangeSet } from "../../../lib/host_local/range_set.ts";
import { nextAddress } from "../../../lib/host_local/round_robin.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { testRows } from "../../support/rows.ts";
import { ip, rangeSet, tableOf } from "./builders.ts";

/**
 * What `count` successive calls return, each reserved and taken as the cursor; `-` if the set is
 * exhausted.
 */
function sequence(
  set: RangeSet,
  { taken = [], cursor = "", count }: {
    readonly taken?: readonly string[];
    readonly cursor?: string;
    readonly count: number;
  },
): string {
  const table = tableOf(taken);
  let last = cursor === "" ? undefined : ip(cursor);
  const given: string[] = [];
  for (let call = 0; call < count; call++) {
    const address = nextAddress(set, last, table);
    given.push(address === undefined ? "-" : formatIpAddress(address));
    if (address === undefined) continue;
    table.insert(address, "c1\r\neth0");
    last = address;
  }
  return given.join(" ");
}

const EIGHT = rangeSet("10.0.0.0/29");
const TWO_POOLS = rangeSet("10.0.0.0/30", {
  subnet: "10.1.0.0/30",
  gateway: "10.1.0.2",
});
const V6_END = "ffff:ffff:ffff:ffff";

const SEQUENCES = [
  {
    name: "returns every address of a /29 once",
    given: sequence(EIGHT, { count: 6 }),
    want: "10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 -",
  },
  {
    name: "finds an address that was released before the cursor",
    given: sequence(EIGHT, {
      taken: ["10.0.0.2", "10.0.0.4", "10.0.0.6"],
      cursor: "10.0.0.6",
      count: 3,
    }),
    want: "10.0.0.3 10.0.0.5 -",
  },
  {
    name: "continues in the next range",
    given: sequence(TWO_POOLS, { count: 3 }),
    want: "10.0.0.2 10.1.0.1 -",
  },
  {
    name: "starts after the cursor",
    given: sequence(EIGHT, { cursor: "10.0.0.3", count: 4 }),
    want: "10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.2",
  },
  {
    name: "returns the cursor itself last",
    given: sequence(EIGHT, { cursor: "10.0.0.3", count: 6 }),
    want: "10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.2 10.0.0.3 -",
  },
  {
    name: "wraps from the end of the last range",
    given: sequence(TWO_POOLS, { cursor: "10.1.0.2", count: 2 }),
    want: "10.0.0.2 10.1.0.1",
  },
  {
    name: "continues in the next range after a cursor at the end of one",
    given: sequence(TWO_POOLS, { cursor: "10.0.0.2", count: 3 }),
    want: "10.1.0.1 10.0.0.2 -",
  },
  {
    name: "returns to the part before the cursor",
    given: sequence(rangeSet("10.0.0.0/29", "10.1.0.0/30"), {
      cursor: "10.0.0.5",
      count: 7,
    }),
    want: "10.0.0.6 10.1.0.2 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 -",
  },
  {
    name: "starts again after a cursor outside the set",
    given: sequence(EIGHT, { cursor: "10.9.0.3", count: 2 }),
    want: "10.0.0.2 10.0.0.3",
  },
  {
    name: "starts again after a cursor of the other family",
    given: sequence(EIGHT, { cursor: "::a00:4", count: 1 }),
    want: "10.0.0.2",
  },
  {
    name: "starts again after a cursor in the subnet but not in the range",
    given: sequence(
      rangeSet({ subnet: "10.0.0.0/29", rangeStart: "10.0.0.4" }),
      { cursor: "10.0.0.2", count: 1 },
    ),
    want: "10.0.0.4",
  },
  {
    name: "starts after a cursor at the gateway",
    given: sequence(EIGHT, { cursor: "10.0.0.1", count: 1 }),
    want: "10.0.0.2",
  },
  {
    name: "skips a gateway in the middle",
    given: sequence(rangeSet({ subnet: "10.0.0.0/29", gateway: "10.0.0.3" }), {
      count: 6,
    }),
    want: "10.0.0.1 10.0.0.2 10.0.0.4 10.0.0.5 10.0.0.6 -",
  },
  {
    name: "skips a gateway at the end",
    given: sequence(rangeSet({ subnet: "10.0.0.0/30", gateway: "10.0.0.2" }), {
      count: 2,
    }),
    want: "10.0.0.1 -",
  },
  {
    name: "skips no address for a gateway outside the subnet",
    given: sequence(
      rangeSet({ subnet: "10.0.0.0/30", gateway: "10.0.0.254" }),
      { count: 3 },
    ),
    want: "10.0.0.1 10.0.0.2 -",
  },
  {
    name: "skips the gateway of a sibling range (sibling-gateways)",
    given: sequence(
      rangeSet({
        subnet: "10.0.0.0/24",
        rangeEnd: "10.0.0.3",
        gateway: "10.0.0.9",
      }, {
        subnet: "10.0.0.0/24",
        rangeStart: "10.0.0.8",
        rangeEnd: "10.0.0.10",
        gateway: "10.0.0.2",
      }),
      { count: 5 },
    ),
    want: "10.0.0.1 10.0.0.3 10.0.0.8 10.0.0.10 -",
  },
  {
    name: "skips gateways in a row",
    given: sequence(
      rangeSet({
        subnet: "10.0.0.0/24",
        rangeEnd: "10.0.0.3",
        gateway: "10.0.0.1",
      }, { subnet: "10.0.1.0/24", rangeEnd: "10.0.1.1", gateway: "10.0.0.2" }),
      { count: 3 },
    ),
    want: "10.0.0.3 10.0.1.1 -",
  },
  {
    name: "returns undefined if all but the gateway are taken",
    given: sequence(EIGHT, {
      taken: ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"],
      count: 1,
    }),
    want: "-",
  },
  {
    name: "returns both addresses of a /31 (small-subnets)",
    given: sequence(rangeSet("10.0.0.0/31"), { count: 3 }),
    want: "10.0.0.0 10.0.0.1 -",
  },
  {
    name: "returns the address of a /32 once",
    given: sequence(rangeSet("10.0.0.7/32"), { count: 2 }),
    want: "10.0.0.7 -",
  },
  {
    name: "returns the address of a /32 again once it is free",
    given: sequence(rangeSet("10.0.0.7/32"), { cursor: "10.0.0.7", count: 1 }),
    want: "10.0.0.7",
  },
  {
    name: "stays in the subnet after a clamped start (range-end-clamped)",
    given: sequence(
      rangeSet({ subnet: "10.0.0.0/24", rangeStart: "10.0.0.255" }),
      { count: 2 },
    ),
    want: "10.0.0.255 -",
  },
  {
    name: "stops at the last IPv4 address",
    given: sequence(
      rangeSet({ subnet: "255.255.255.0/24", rangeStart: "255.255.255.255" }),
      { count: 2 },
    ),
    want: "255.255.255.255 -",
  },
  {
    name: "wraps after the last IPv4 address",
    given: sequence(
      rangeSet({ subnet: "255.255.255.252/30", rangeEnd: "255.255.255.255" }),
      { cursor: "255.255.255.255", count: 1 },
    ),
    want: "255.255.255.254",
  },
  {
    name: "returns the first addresses of 0.0.0.0/0",
    given: sequence(rangeSet("0.0.0.0/0"), { count: 2 }),
    want: "0.0.0.2 0.0.0.3",
  },
  {
    name: "wraps in 0.0.0.0/0",
    given: sequence(rangeSet("0.0.0.0/0"), {
      cursor: "255.255.255.254",
      count: 1,
    }),
    want: "0.0.0.2",
  },
  {
    name: "carries over to the next octet",
    given: sequence(rangeSet("10.0.0.0/8"), {
      cursor: "10.0.255.255",
      count: 1,
    }),
    want: "10.1.0.0",
  },
  {
    name: "returns addresses of a /64",
    given: sequence(rangeSet("2001:db8::/64"), {
      cursor: "2001:db8::ffff",
      count: 2,
    }),
    want: "2001:db8::1:0 2001:db8::1:1",
  },
  {
    name: "wraps in a /64",
    given: sequence(rangeSet("2001:db8::/64"), {
      cursor: `2001:db8::${V6_END}`,
      count: 1,
    }),
    want: "2001:db8::2",
  },
  {
    name: "wraps in ::/0",
    given: sequence(rangeSet("::/0"), {
      cursor: `ffff:ffff:ffff:ffff:${V6_END}`,
      count: 1,
    }),
    want: "::2",
  },
  {
    name: "returns IPv6 addresses inside ::/96 (ipv6-low-96)",
    given: sequence(rangeSet("::100:0/120"), { count: 2 }),
    want: "::100:2 ::100:3",
  },
] as const;

testRows(
  "nextAddress()",
  SEQUENCES,
  ({ given, want }) => assertEquals(given, want),
);
