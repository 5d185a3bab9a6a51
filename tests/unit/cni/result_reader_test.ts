import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../lib/base/json_reader.ts";
import type { Result } from "../../../lib/cni/result.ts";
import { parseResult } from "../../../lib/cni/result_reader.ts";
import { thrownBy } from "../base/thrown.ts";

const ADDRESS = { family: 4, value: 0xc0000207n } as const;
const ROUTER = { family: 4, value: 0xc0000201n } as const;
const DEFAULT = { address: { family: 4, value: 0n }, prefixLength: 0 } as const;
const NOTHING: Result = {
  ips: [],
  routes: [],
  dns: { nameservers: [], domain: "", search: [], options: [] },
};

function parse(json: unknown): Result {
  return parseResult(new JsonObject(json, ""));
}

const ACCEPTED: readonly { name: string; json: unknown; want: Result }[] = [
  { name: "an empty result", json: { cniVersion: "1.0.0" }, want: NOTHING },
  {
    name: "addresses, with and without a gateway",
    json: {
      ips: [
        { version: "4", address: "192.0.2.7/24", gateway: "192.0.2.1" },
        { address: "192.0.2.7/32", gateway: "" },
      ],
    },
    want: {
      ...NOTHING,
      ips: [
        { address: { address: ADDRESS, prefixLength: 24 }, gateway: ROUTER },
        { address: { address: ADDRESS, prefixLength: 32 } },
      ],
    },
  },
  {
    name: "routes with every key",
    json: {
      routes: [{
        ...{ dst: "0.0.0.0/0", gw: "192.0.2.1" },
        ...{ mtu: 1400, advmss: 1360, priority: 5, table: 7, scope: 253 },
      }],
    },
    want: {
      ...NOTHING,
      routes: [{
        ...{ dst: DEFAULT, gw: ROUTER },
        ...{ mtu: 1400, advmss: 1360, priority: 5, table: 7, scope: 253 },
      }],
    },
  },
  {
    name: "dns",
    json: {
      dns: {
        nameservers: ["192.0.2.53"],
        domain: "example.org",
        search: ["example.net"],
        options: ["ndots:2"],
      },
    },
    want: {
      ...NOTHING,
      dns: {
        nameservers: ["192.0.2.53"],
        domain: "example.org",
        search: ["example.net"],
        options: ["ndots:2"],
      },
    },
  },
];

for (const { name, json, want } of ACCEPTED) {
  Deno.test(`parseResult() reads ${name}`, () => {
    assertEquals(parse(json), want);
  });
}

const REFUSED = [
  {
    name: "an address without a prefix length",
    json: { ips: [{ address: "192.0.2.7" }] },
    want: {
      name: "ConfigError",
      message: "invalid CIDR address: 192.0.2.7",
      path: "ips[0].address",
    },
  },
  {
    name: "a missing address",
    json: { ips: [{}] },
    want: {
      name: "ConfigError",
      message: "invalid CIDR address: ",
      path: "ips[0].address",
    },
  },
  {
    name: "a route without a destination",
    json: { routes: [{ gw: "192.0.2.1" }] },
    want: {
      name: "ConfigError",
      message: "invalid CIDR address: ",
      path: "routes[0].dst",
    },
  },
  {
    name: "a gateway that is not an address",
    json: { ips: [{ address: "192.0.2.7/24", gateway: "x" }] },
    want: {
      name: "ConfigError",
      message: "invalid IP address: x",
      path: "ips[0].gateway",
    },
  },
  {
    name: "a list of the wrong type",
    json: { ips: {} },
    want: {
      name: "DecodeError",
      message: "json: cannot unmarshal object into ips: expected a list",
      at: "ips",
    },
  },
] as const;

for (const { name, json, want } of REFUSED) {
  Deno.test(`parseResult() refuses ${name}`, () => {
    assertEquals<unknown>(thrownBy(() => parse(json)), want);
  });
}
