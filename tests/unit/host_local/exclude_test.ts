import { assertEquals } from "@std/assert";
import type { Interval } from "../../../lib/host_local/exclude.ts";
import {
  includedIntervals,
  isExcluded,
} from "../../../lib/host_local/range.ts";
import {
  countExcluded,
  countUsableAddresses,
  usableAddresses,
} from "../../../lib/host_local/range_set.ts";
import { nextAddress } from "../../../lib/host_local/round_robin.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { ip, range, rangeSet, tableOf } from "./builders.ts";

const V6 = "2001:db8::/64";

/** Formats intervals as `first-last`, or as one address. */
function format(intervals: readonly Interval[]): string {
  return intervals.map(({ first, last }) =>
    first.value === last.value
      ? formatIpAddress(first)
      : `${formatIpAddress(first)}-${formatIpAddress(last)}`
  ).join(" ");
}

/** Range of 10.0.0.0/24, from .10 to .20. */
const SLICE = {
  subnet: "10.0.0.0/24",
  rangeStart: "10.0.0.10",
  rangeEnd: "10.0.0.20",
} as const;

testRows("a range leaves out", [
  { name: "nothing by default", exclude: [], want: "10.0.0.10-10.0.0.20" },
  {
    name: "an address",
    exclude: ["10.0.0.12"],
    want: "10.0.0.10-10.0.0.11 10.0.0.13-10.0.0.20",
  },
  {
    name: "a network",
    exclude: ["10.0.0.12/30"],
    want: "10.0.0.10-10.0.0.11 10.0.0.16-10.0.0.20",
  },
  {
    name: "a network with host bits",
    exclude: ["10.0.0.13/30"],
    want: "10.0.0.10-10.0.0.11 10.0.0.16-10.0.0.20",
  },
  {
    name: "a range",
    exclude: ["10.0.0.12-10.0.0.14"],
    want: "10.0.0.10-10.0.0.11 10.0.0.15-10.0.0.20",
  },
  {
    name: "a range with spaces",
    exclude: [" 10.0.0.12 - 10.0.0.14 "],
    want: "10.0.0.10-10.0.0.11 10.0.0.15-10.0.0.20",
  },
  {
    name: "a range of one address",
    exclude: ["10.0.0.12-10.0.0.12"],
    want: "10.0.0.10-10.0.0.11 10.0.0.13-10.0.0.20",
  },
  {
    name: "IPv4-mapped addresses",
    exclude: ["::ffff:10.0.0.12", "::ffff:10.0.0.16/126"],
    want: "10.0.0.10-10.0.0.11 10.0.0.13-10.0.0.15 10.0.0.20",
  },
  {
    name: "its first and its last address",
    exclude: ["10.0.0.10", "10.0.0.20"],
    want: "10.0.0.11-10.0.0.19",
  },
  {
    name: "what sticks out on both sides",
    exclude: ["10.0.0.0-10.0.0.11", "10.0.0.19-10.0.0.255"],
    want: "10.0.0.12-10.0.0.18",
  },
  {
    name: "nothing for what the subnet has and the range has not",
    exclude: ["10.0.0.1-10.0.0.9", "10.0.0.200"],
    want: "10.0.0.10-10.0.0.20",
  },
  {
    name: "elements that overlap, touch and repeat, in any order",
    exclude: [
      "10.0.0.15",
      "10.0.0.12-10.0.0.14",
      "10.0.0.13-10.0.0.14",
      "10.0.0.15",
    ],
    want: "10.0.0.10-10.0.0.11 10.0.0.16-10.0.0.20",
  },
], ({ exclude, want }) => {
  assertEquals(format(includedIntervals(range({ ...SLICE, exclude }))), want);
});

testRows("exclude refuses", [
  {
    name: "a text that is no address",
    exclude: ["10.0.0.12", "nope"],
    want: "invalid exclude: nope",
    path: "r.exclude[1]",
  },
  {
    name: "an empty text",
    exclude: [""],
    want: "invalid exclude: ",
    path: "r.exclude[0]",
  },
  {
    name: "a range that ends before it begins",
    exclude: ["10.0.0.14-10.0.0.12"],
    want: "invalid exclude: 10.0.0.14-10.0.0.12",
    path: "r.exclude[0]",
  },
  {
    name: "a range of two families",
    exclude: ["10.0.0.14-2001:db8::1"],
    want: "invalid exclude: 10.0.0.14-2001:db8::1",
    path: "r.exclude[0]",
  },
  {
    name: "three bounds",
    exclude: ["10.0.0.1-10.0.0.2-10.0.0.3"],
    want: "invalid exclude: 10.0.0.1-10.0.0.2-10.0.0.3",
    path: "r.exclude[0]",
  },
  {
    name: "an address outside the subnet",
    exclude: ["10.0.1.12"],
    want: "exclude 10.0.1.12 not in network 10.0.0.0/24",
    path: "r.exclude[0]",
  },
  {
    name: "an address of the other family",
    exclude: ["10.0.0.12", "2001:db8::1"],
    want: "exclude 2001:db8::1 not in network 10.0.0.0/24",
    path: "r.exclude[1]",
  },
], ({ exclude, want: message, path }) => {
  assertEquals(thrownBy(() => range({ ...SLICE, exclude })), {
    name: "ConfigError",
    message,
    path,
  });
});

testRows("the addresses of a set without what is excluded:", [
  {
    name: "the gateway is excluded and counted once",
    set: rangeSet({ subnet: "10.0.0.0/29", exclude: ["10.0.0.1-10.0.0.2"] }),
    want: "10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6",
    excluded: 2n,
  },
  {
    name: "only one address of two ranges is left",
    set: rangeSet(
      { subnet: "10.0.0.0/30", exclude: ["10.0.0.2"] },
      { subnet: "10.1.0.0/30", gateway: "10.1.0.2" },
    ),
    want: "10.1.0.1",
    excluded: 1n,
  },
  {
    name: "both ends of the address space",
    set: rangeSet({
      subnet: "255.255.255.252/30",
      rangeEnd: "255.255.255.255",
      exclude: ["255.255.255.254/31"],
    }),
    want: "",
    excluded: 2n,
  },
], ({ set, want, excluded }) => {
  const usable = [...usableAddresses(set)].map(formatIpAddress);
  assertEquals(usable.join(" "), want);
  assertEquals(countUsableAddresses(set), BigInt(usable.length));
  assertEquals(countExcluded(set), excluded);
});

Deno.test("a /8 and most of a /64 are excluded without being walked over", () => {
  const ten = rangeSet({ subnet: "0.0.0.0/0", exclude: ["0.0.0.0/8"] });
  assertEquals(nextAddress(ten, undefined, tableOf([])), ip("1.0.0.0"));
  assertEquals(countExcluded(ten), 2n ** 24n - 1n);
  const six = rangeSet({
    subnet: V6,
    exclude: ["2001:db8::-2001:db8::ffff:ffff:ffff:fffe"],
  });
  const last = ip("2001:db8::ffff:ffff:ffff:ffff");
  assertEquals(nextAddress(six, undefined, tableOf([])), last);
  assertEquals(countUsableAddresses(six), 1n);
  assertEquals(isExcluded(six[0], last), false);
});

Deno.test("the search continues after a cursor that is excluded", () => {
  const set = rangeSet({ ...SLICE, exclude: ["10.0.0.12-10.0.0.14"] });
  const next = nextAddress(set, ip("10.0.0.13"), tableOf([]));
  assertEquals(next, ip("10.0.0.15"));
});
