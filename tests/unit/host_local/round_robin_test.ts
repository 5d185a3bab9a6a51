import { assertEquals } from "@std/assert";
import { nextAddress } from "../../../lib/host_local/round_robin.ts";
import type { RangeSet } from "../../../lib/host_local/range_set.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { ip, rangeSet, tableOf } from "./builders.ts";
import { testRows } from "../../support/rows.ts";

/** What `count` calls in a row give, each reserved and remembered as the cursor; `-` where there is none left. */
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
    name: "hands out a /29 and fails",
    given: sequence(EIGHT, { count: 6 }),
    want: "10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 -",
  },
  {
    name: "finds what was freed behind the cursor",
    given: sequence(EIGHT, {
      taken: ["10.0.0.2", "10.0.0.4", "10.0.0.6"],
      cursor: "10.0.0.6",
      count: 3,
    }),
    want: "10.0.0.3 10.0.0.5 -",
  },
  {
    name: "goes from one range to the next",
    given: sequence(TWO_POOLS, { count: 3 }),
    want: "10.0.0.2 10.1.0.1 -",
  },
  {
    name: "starts after the cursor",
    given: sequence(EIGHT, { cursor: "10.0.0.3", count: 4 }),
    want: "10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.2",
  },
  {
    name: "takes the cursor itself last",
    given: sequence(EIGHT, { cursor: "10.0.0.3", count: 6 }),
    want: "10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.2 10.0.0.3 -",
  },
  {
    name: "wraps from the end of the last range",
    given: sequence(TWO_POOLS, { cursor: "10.1.0.2", count: 2 }),
    want: "10.0.0.2 10.1.0.1",
  },
  {
    name: "goes on in the next range from the end of one",
    given: sequence(TWO_POOLS, { cursor: "10.0.0.2", count: 3 }),
    want: "10.1.0.1 10.0.0.2 -",
  },
  {
    name: "comes back to the part before the cursor",
    given: sequence(rangeSet("10.0.0.0/29", "10.1.0.0/30"), {
      cursor: "10.0.0.5",
      count: 7,
    }),
    want: "10.0.0.6 10.1.0.2 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 -",
  },
  {
    name: "starts anew for a cursor outside the set",
    given: sequence(EIGHT, { cursor: "10.9.0.3", count: 2 }),
    want: "10.0.0.2 10.0.0.3",
  },
  {
    name: "starts anew for a cursor of the other family",
    given: sequence(EIGHT, { cursor: "::a00:4", count: 1 }),
    want: "10.0.0.2",
  },
  {
    name: "starts anew for a cursor in the subnet but not in the range",
    given: sequence(
      rangeSet({ subnet: "10.0.0.0/29", rangeStart: "10.0.0.4" }),
      { cursor: "10.0.0.2", count: 1 },
    ),
    want: "10.0.0.4",
  },
  {
    name: "a cursor on the gateway",
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
    name: "skips nothing for a gateway outside",
    given: sequence(
      rangeSet({ subnet: "10.0.0.0/30", gateway: "10.0.0.254" }),
      { count: 3 },
    ),
    want: "10.0.0.1 10.0.0.2 -",
  },
  {
    name: "skips the gateway of a sibling",
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
    name: "is exhausted if all but gateways are taken",
    given: sequence(EIGHT, {
      taken: ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"],
      count: 1,
    }),
    want: "-",
  },
  {
    name: "RFC 3021 hands out both of a /31",
    given: sequence(rangeSet("10.0.0.0/31"), { count: 3 }),
    want: "10.0.0.0 10.0.0.1 -",
  },
  {
    name: "hands out a /32 once",
    given: sequence(rangeSet("10.0.0.7/32"), { count: 2 }),
    want: "10.0.0.7 -",
  },
  {
    name: "hands out a /32 again once it is free",
    given: sequence(rangeSet("10.0.0.7/32"), { cursor: "10.0.0.7", count: 1 }),
    want: "10.0.0.7",
  },
  {
    name: "stays in the subnet after a clamped start",
    given: sequence(
      rangeSet({ subnet: "10.0.0.0/24", rangeStart: "10.0.0.255" }),
      { count: 2 },
    ),
    want: "10.0.0.255 -",
  },
  {
    name: "ends with the last address of IPv4",
    given: sequence(
      rangeSet({ subnet: "255.255.255.0/24", rangeStart: "255.255.255.255" }),
      { count: 2 },
    ),
    want: "255.255.255.255 -",
  },
  {
    name: "wraps behind the last address of IPv4",
    given: sequence(
      rangeSet({ subnet: "255.255.255.252/30", rangeEnd: "255.255.255.255" }),
      { cursor: "255.255.255.255", count: 1 },
    ),
    want: "255.255.255.254",
  },
  {
    name: "gives /0 from the start",
    given: sequence(rangeSet("0.0.0.0/0"), { count: 2 }),
    want: "0.0.0.2 0.0.0.3",
  },
  {
    name: "wraps /0",
    given: sequence(rangeSet("0.0.0.0/0"), {
      cursor: "255.255.255.254",
      count: 1,
    }),
    want: "0.0.0.2",
  },
  {
    name: "carries over octets",
    given: sequence(rangeSet("10.0.0.0/8"), {
      cursor: "10.0.255.255",
      count: 1,
    }),
    want: "10.1.0.0",
  },
  {
    name: "gives a /64",
    given: sequence(rangeSet("2001:db8::/64"), {
      cursor: "2001:db8::ffff",
      count: 2,
    }),
    want: "2001:db8::1:0 2001:db8::1:1",
  },
  {
    name: "wraps a /64",
    given: sequence(rangeSet("2001:db8::/64"), {
      cursor: `2001:db8::${V6_END}`,
      count: 1,
    }),
    want: "2001:db8::2",
  },
  {
    name: "wraps ::/0",
    given: sequence(rangeSet("::/0"), {
      cursor: `ffff:ffff:ffff:ffff:${V6_END}`,
      count: 1,
    }),
    want: "::2",
  },
  {
    name: "stays IPv6 inside ::/96",
    given: sequence(rangeSet("::100:0/120"), { count: 2 }),
    want: "::100:2 ::100:3",
  },
] as const;

testRows(
  "nextAddress()",
  SEQUENCES,
  ({ given, want }) => assertEquals(given, want),
);
