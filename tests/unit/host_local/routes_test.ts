import { assertEquals } from "@std/assert";
import { readConfiguredRoute } from "../../../lib/host_local/routes.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { ip } from "./builders.ts";

const READ = [
  {
    name: "every key",
    json: {
      dst: "0.0.0.0/0",
      gw: "10.0.0.1",
      mtu: 1400,
      advmss: 1360,
      priority: 100,
      table: 7,
      scope: 253,
    },
    want: {
      dst: { address: ip("0.0.0.0"), prefixLength: 0 },
      gw: ip("10.0.0.1"),
      mtu: 1400,
      advmss: 1360,
      priority: 100,
      table: 7,
      scope: 253,
    },
  },
  {
    name: "host bits of dst",
    json: { dst: "192.168.1.7/16" },
    want: { dst: { address: ip("192.168.1.7"), prefixLength: 16 } },
  },
  { name: "no key at all", json: {}, want: {} },
  {
    name: "a gateway of another family",
    json: { dst: "::/0", gw: "10.0.0.1" },
    want: { dst: { address: ip("::"), prefixLength: 0 }, gw: ip("10.0.0.1") },
  },
  { name: "an empty gateway as absent", json: { gw: "" }, want: {} },
  {
    name: "null as absent",
    json: { gw: null, mtu: null, table: null },
    want: {},
  },
  {
    name: "zero",
    json: { mtu: 0, table: 0, scope: 0 },
    want: { mtu: 0, table: 0, scope: 0 },
  },
  {
    name: "negative numbers",
    json: { mtu: -1, priority: -2 },
    want: { mtu: -1, priority: -2 },
  },
  {
    name: "keys in any case",
    json: { DST: "10.0.0.0/8", Gw: "10.0.0.1", MTU: 9 },
    want: {
      dst: { address: ip("10.0.0.0"), prefixLength: 8 },
      gw: ip("10.0.0.1"),
      mtu: 9,
    },
  },
  {
    name: "no unknown keys",
    json: { metric: 5, comment: [] },
    want: {},
  },
] as const;

testRows("readConfiguredRoute() keeps", READ, ({ json, want }) => {
  assertEquals<unknown>(readConfiguredRoute(json, "routes[0]"), want);
});

function refused(message: string, path: string): Record<string, unknown> {
  return { name: "ConfigError", message, path };
}

function mistyped(
  kind: string,
  at: string,
  expected: string,
): Record<string, unknown> {
  return {
    name: "DecodeError",
    message: `json: cannot unmarshal ${kind} into ${at}: expected ${expected}`,
    at,
  };
}

const REFUSED = [
  {
    name: "null (null-elements)",
    json: null,
    want: refused("a route must not be null", "routes[0]"),
  },
  {
    name: "a dst that is not a network",
    json: { dst: "10.0.0.0" },
    want: refused("invalid CIDR address: 10.0.0.0", "routes[0].dst"),
  },
  {
    name: "an empty dst",
    json: { dst: "" },
    want: refused("invalid CIDR address: ", "routes[0].dst"),
  },
  {
    name: "a null dst",
    json: { dst: null },
    want: refused("invalid CIDR address: ", "routes[0].dst"),
  },
  {
    name: "a gw that is not an address",
    json: { gw: "foo" },
    want: refused("invalid IP address: foo", "routes[0].gw"),
  },
  {
    name: "a string instead of a number",
    json: { mtu: "1400" },
    want: mistyped("string", "routes[0].mtu", "an integer"),
  },
  {
    name: "a fraction",
    json: { scope: 1.5 },
    want: mistyped("number", "routes[0].scope", "an integer"),
  },
  {
    name: "a string instead of a route",
    json: "0.0.0.0/0",
    want: mistyped("string", "routes[0]", "an object"),
  },
] as const;

testRows("readConfiguredRoute() refuses", REFUSED, ({ json, want }) => {
  assertEquals<unknown>(
    thrownBy(() => readConfiguredRoute(json, "routes[0]")),
    want,
  );
});
