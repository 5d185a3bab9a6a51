import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import { formatResult } from "../../../../lib/cni/result_conversion.ts";
import { parseResult } from "../../../../lib/cni/result_reader.ts";
import { leaseFromAck } from "../../../../lib/dhcp/client/lease.ts";
import type { Lease } from "../../../../lib/dhcp/client/lease.ts";
import {
  leaseResult,
  type ResultPolicy,
} from "../../../../lib/dhcp/daemon/lease_result.ts";
import { reply } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";

const USUAL: ResultPolicy = {
  priority: 0,
  suppressGateway: false,
  suppressRoutes: false,
  suppressDns: false,
  allowedRoutes: undefined,
  deniedRoutes: [],
  allowSplitDefault: false,
};

/** A lease of 192.0.2.50/24 through 192.0.2.1; options given replace these. */
function lease(options: Record<number, string | undefined> = {}): Lease {
  const result = leaseFromAck(reply("ACK", 1, { options }), { sentMs: 0 });
  if (result.kind === "unusable") throw new Error(result.reason);
  return result.lease;
}

const ADDRESS = { address: "192.0.2.50/24" };
const GATEWAY = { ...ADDRESS, gateway: "192.0.2.1" };
const DEFAULT_ROUTE = { dst: "0.0.0.0/0", gw: "192.0.2.1" };

testRows(
  "leaseResult()",
  [
    {
      name: "has address, gateway and default route",
      options: {},
      want: { ips: [GATEWAY], routes: [DEFAULT_ROUTE] },
    },
    {
      name: "has no gateway and no routes if the server sent none",
      options: { 3: undefined },
      want: { ips: [ADDRESS] },
    },
    {
      name: "has the priority in every route",
      options: { 33: "0a000000c0000202" },
      policy: { priority: 100 },
      want: {
        ips: [GATEWAY],
        routes: [
          { dst: "10.0.0.0/8", gw: "192.0.2.2", priority: 100 },
          { ...DEFAULT_ROUTE, priority: 100 },
        ],
      },
    },
    {
      name: "has only the classless routes if there are any",
      options: { 121: "10 c633 c0000202  00 c0000203", 33: "0a000000c0000202" },
      want: {
        ips: [GATEWAY],
        routes: [
          { dst: "198.51.0.0/16", gw: "192.0.2.2" },
          { dst: "0.0.0.0/0", gw: "192.0.2.3" },
        ],
      },
    },
    {
      name: "has a route on the link without gw",
      options: { 121: "10 c633 00000000", 3: undefined },
      want: { ips: [ADDRESS], routes: [{ dst: "198.51.0.0/16", scope: 253 }] },
    },
    {
      name:
        "has no gateway beside a route on the link: main plugins would put it in",
      options: { 121: "10 c633 00000000  00 c0000203" },
      want: {
        ips: [ADDRESS],
        routes: [
          { dst: "198.51.0.0/16", scope: 253 },
          { dst: "0.0.0.0/0", gw: "192.0.2.3" },
        ],
      },
    },
    {
      name: "has neither gateway nor default route with suppressGateway",
      options: { 33: "0a000000c0000202" },
      policy: { suppressGateway: true },
      want: {
        ips: [ADDRESS],
        routes: [{ dst: "10.0.0.0/8", gw: "192.0.2.2" }],
      },
    },
    {
      name:
        "has the classless routes but the default route if that is suppressed",
      options: { 121: "10 c633 c0000202  00 c0000203" },
      policy: { suppressGateway: true },
      want: {
        ips: [ADDRESS],
        routes: [{ dst: "198.51.0.0/16", gw: "192.0.2.2" }],
      },
    },
    {
      name: "has no routes that capture half of IPv4",
      options: { 121: "01 00 c0000202  01 80 c0000202  08 0a c0000202" },
      want: {
        ips: [GATEWAY],
        routes: [{ dst: "10.0.0.0/8", gw: "192.0.2.2" }],
      },
    },
    {
      name: "has such routes with allowSplitDefault",
      options: { 121: "01 00 c0000202  01 80 c0000202" },
      policy: { allowSplitDefault: true },
      want: {
        ips: [GATEWAY],
        routes: [
          { dst: "0.0.0.0/1", gw: "192.0.2.2" },
          { dst: "128.0.0.0/1", gw: "192.0.2.2" },
        ],
      },
    },
    {
      name: "has an on-link route before a route through a router elsewhere",
      options: { 3: "c6336401" },
      want: {
        ips: [ADDRESS],
        routes: [
          { dst: "198.51.100.1/32", scope: 253 },
          { dst: "0.0.0.0/0", gw: "198.51.100.1" },
        ],
      },
    },
    {
      name: "has on-link routes in front, with the priority",
      options: { 121: "00 c6336401  20 c6336401 00000000" },
      policy: { priority: 7 },
      want: {
        ips: [ADDRESS],
        routes: [
          { dst: "198.51.100.1/32", scope: 253, priority: 7 },
          { dst: "0.0.0.0/0", gw: "198.51.100.1", priority: 7 },
        ],
      },
    },
    {
      name: "has only the default route with suppressRoutes",
      options: { 33: "0a000000c0000202" },
      policy: { suppressRoutes: true },
      want: { ips: [GATEWAY], routes: [DEFAULT_ROUTE] },
    },
    {
      name: "has no DNS values with suppressDns",
      options: { 6: "c0000235", 15: "612e6578616d706c65" },
      policy: { suppressDns: true },
      want: { ips: [GATEWAY], routes: [DEFAULT_ROUTE] },
    },
    {
      name: "has name servers, domain and search list",
      options: {
        6: "c0000235",
        15: "612e6578616d706c65",
        119: "0162076578616d706c6500",
      },
      want: {
        dns: {
          domain: "a.example",
          nameservers: ["192.0.2.53"],
          search: ["b.example"],
        },
        ips: [GATEWAY],
        routes: [DEFAULT_ROUTE],
      },
    },
  ] as const,
  (row) => {
    const policy = { ...USUAL, ...("policy" in row ? row.policy : {}) };
    const result = leaseResult(lease(row.options), policy);
    assertEquals(JSON.parse(formatResult(result, "1.1.0")), {
      cniVersion: "1.1.0",
      ...row.want,
    });
    // It goes as JSON from daemon to plugin.
    const json = JSON.parse(formatResult(result, "1.1.0"));
    assertEquals(parseResult(new JsonObject(json, "")), result);
  },
);
