import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../lib/base/json_reader.ts";
import {
  findMismatch,
  readPreviousAddresses,
} from "../../../lib/host_local/check.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { ip, rangeSet, texts } from "./builders.ts";

function previous(prevResult: unknown): string[] {
  return texts(readPreviousAddresses(new JsonObject({ prevResult }, "")));
}

const READ = [
  { name: "no address without prevResult", prevResult: undefined, want: [] },
  { name: "no address of a null prevResult", prevResult: null, want: [] },
  {
    name: "no address without ips",
    prevResult: { cniVersion: "1.0.0" },
    want: [],
  },
  { name: "no address of null ips", prevResult: { ips: null }, want: [] },
  {
    name: "every address, without its prefix length",
    prevResult: {
      ips: [{ address: "10.0.0.2/24", gateway: "10.0.0.1" }, {
        version: "6",
        address: "2001:DB8::2/64",
      }],
    },
    want: ["10.0.0.2", "2001:db8::2"],
  },
  {
    name: "an IPv4-mapped address as IPv4",
    prevResult: { ips: [{ address: "::ffff:10.0.0.2/120" }] },
    want: ["10.0.0.2"],
  },
] as const;

testRows("readPreviousAddresses() reads", READ, ({ prevResult, want }) => {
  assertEquals<readonly string[]>(previous(prevResult), want);
});

function badCidr(text: string): Record<string, unknown> {
  return {
    name: "ConfigError",
    message: `invalid CIDR address: ${text}`,
    path: "prevResult.ips[0].address",
  };
}

const REFUSED = [
  {
    name: "an address without a prefix length",
    prevResult: { ips: [{ address: "10.0.0.2" }] },
    want: badCidr("10.0.0.2"),
  },
  {
    name: "more than 1000 addresses",
    prevResult: { ips: new Array(1001).fill({ address: "10.0.0.2/24" }) },
    want: {
      name: "ConfigError",
      message: "more than 1000 addresses",
      path: "prevResult.ips",
    },
  },
  { name: "a missing address", prevResult: { ips: [{}] }, want: badCidr("") },
  { name: "a null element", prevResult: { ips: [null] }, want: badCidr("") },
  {
    name: "a prevResult of the wrong type",
    prevResult: "x",
    want: {
      name: "DecodeError",
      message:
        "json: cannot unmarshal string into prevResult: expected an object",
      at: "prevResult",
    },
  },
] as const;

testRows("readPreviousAddresses() refuses", REFUSED, ({ prevResult, want }) => {
  assertEquals<unknown>(thrownBy(() => previous(prevResult)), want);
});

const SETS = [rangeSet("10.0.0.0/24"), rangeSet("2001:db8::/64")];

// SPEC section 2, CHECK: "the plugin must return an error if a container-resource listed in
// prevResult does not exist".
const ROWS = [
  {
    name: "accepts held addresses that are in prevResult",
    held: ["10.0.0.2", "2001:db8::2"],
    previous: ["10.0.0.2", "2001:db8::2"],
    want: undefined,
  },
  {
    name: "accepts a held address without a previous result",
    held: ["10.0.0.2"],
    previous: [],
    want: undefined,
  },
  {
    name: "ignores addresses of other plugins in prevResult",
    held: ["10.0.0.2"],
    previous: ["10.0.0.2", "192.0.2.1"],
    want: undefined,
  },
  {
    name: "accepts a held address outside the configured ranges",
    held: ["10.9.0.2"],
    previous: ["10.9.0.2"],
    want: undefined,
  },
  {
    name: "accepts a second held address that is not in prevResult",
    held: ["10.0.0.2", "10.9.0.2"],
    previous: ["10.0.0.2"],
    want: undefined,
  },
  {
    name: "reports a missing reservation",
    held: [],
    previous: ["10.0.0.2"],
    want: "no reservation of this container and interface exists",
  },
  {
    name: "reports a missing reservation without a previous result",
    held: [],
    previous: [],
    want: "no reservation of this container and interface exists",
  },
  {
    name:
      "reports an address of prevResult that is not held (check-prev-result)",
    held: ["10.0.0.2"],
    previous: ["10.0.0.2", "2001:db8::2"],
    want:
      "prevResult has 2001:db8::2, which is not reserved for this container and interface",
  },
  {
    name: "reports that another address is held (check-prev-result)",
    held: ["10.0.0.3"],
    previous: ["10.0.0.2"],
    want:
      "prevResult has 10.0.0.2, which is not reserved for this container and interface",
  },
  {
    name:
      "reports that prevResult has none of the held addresses (check-prev-result)",
    held: ["10.0.0.3", "10.0.0.4"],
    previous: ["192.0.2.1"],
    want: "prevResult has none of the reserved addresses: 10.0.0.3 10.0.0.4",
  },
] as const;

testRows("findMismatch()", ROWS, ({ held, previous: listed, want }) => {
  const mismatch = findMismatch({
    held: held.map(ip),
    previous: listed.map(ip),
    rangeSets: SETS,
  });
  assertEquals<string | undefined>(mismatch, want);
});
