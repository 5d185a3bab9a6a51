import { assertEquals } from "@std/assert";
import {
  gatewayChanges,
  interfaceChanges,
  removalOf,
} from "../../../../lib/dhcp/daemon/interface_changes.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { describeChange } from "./fake_interface.ts";
import { sampleLease } from "./sample_lease.ts";

const POLICY = {
  priority: 0,
  suppressGateway: false,
  suppressRoutes: false,
  allowedRoutes: undefined,
  deniedRoutes: [],
  allowSplitDefault: false,
};
const BEFORE = sampleLease();
const OTHER_ADDRESS = sampleLease({ yiaddr: ip("192.0.2.60") });
const OTHER_MASK = sampleLease({ options: { 1: "ffffff80" } });
const OTHER_ROUTER = sampleLease({ options: { 3: "c0000202" } });
const NO_ROUTER = sampleLease({ options: { 3: undefined } });
/** 198.51.100.0/24 through 192.0.2.1, 0.0.0.0/0 through 192.0.2.1, 203.0.113.0/24 on the link. */
const CLASSLESS = sampleLease({
  options: { 121: "18c63364c0000201 00c0000201 18cb007100000000" },
});
/** 0.0.0.0/0 through 198.51.100.1, which is in no subnet. */
const OFF_LINK = sampleLease({ options: { 3: "c6336401" } });
/** 0.0.0.0/1 through 192.0.2.1. */
const SPLIT = sampleLease({ options: { 121: "0100c0000201" } });

interface Row {
  readonly name: string;
  readonly before?: typeof BEFORE | undefined;
  readonly after: typeof BEFORE;
  readonly policy?: Partial<typeof POLICY>;
  readonly want: readonly string[];
}

testRows<Row>("interfaceChanges()", [
  {
    name: "adds everything to an empty interface",
    before: undefined,
    after: BEFORE,
    want: ["+192.0.2.50/24", "+route 0.0.0.0/0 via 192.0.2.1"],
  },
  { name: "changes nothing between equal leases", after: BEFORE, want: [] },
  {
    name: "removes the old address before it adds the new one",
    after: OTHER_ADDRESS,
    want: [
      "-route 0.0.0.0/0 via 192.0.2.1",
      "-192.0.2.50/24",
      "+192.0.2.60/24",
      "+route 0.0.0.0/0 via 192.0.2.1",
    ],
  },
  {
    name: "replaces the address for another mask",
    after: OTHER_MASK,
    want: [
      "-route 0.0.0.0/0 via 192.0.2.1",
      "-192.0.2.50/24",
      "+192.0.2.50/25",
      "+route 0.0.0.0/0 via 192.0.2.1",
    ],
  },
  {
    name: "replaces only the routes that differ",
    after: OTHER_ROUTER,
    want: [
      "-route 0.0.0.0/0 via 192.0.2.1",
      "+route 0.0.0.0/0 via 192.0.2.2",
    ],
  },
  {
    name: "adds routes and keeps those that stay",
    after: CLASSLESS,
    want: ["+route 203.0.113.0/24", "+route 198.51.100.0/24 via 192.0.2.1"],
  },
  {
    name: "removes routes that the lease no longer has",
    after: NO_ROUTER,
    want: ["-route 0.0.0.0/0 via 192.0.2.1"],
  },
  {
    name: "adds no default route with suppressGateway",
    before: undefined,
    after: BEFORE,
    policy: { suppressGateway: true },
    want: ["+192.0.2.50/24"],
  },
  {
    name: "adds and removes the on-link route to a router outside the subnet",
    before: OFF_LINK,
    after: BEFORE,
    want: [
      "-route 198.51.100.1/32",
      "-route 0.0.0.0/0 via 198.51.100.1",
      "+route 0.0.0.0/0 via 192.0.2.1",
    ],
  },
  {
    name: "adds no routes but the default route with suppressRoutes",
    after: CLASSLESS,
    policy: { suppressRoutes: true },
    want: [],
  },
  {
    name: "adds the on-link route to a router outside the subnet first",
    after: OFF_LINK,
    want: [
      "-route 0.0.0.0/0 via 192.0.2.1",
      "+route 198.51.100.1/32",
      "+route 0.0.0.0/0 via 198.51.100.1",
    ],
  },
  {
    name: "drops a route that captures half of IPv4",
    before: undefined,
    after: SPLIT,
    want: ["+192.0.2.50/24"],
  },
  {
    name: "adds such a route with allowSplitDefault",
    before: undefined,
    after: SPLIT,
    policy: { allowSplitDefault: true },
    want: ["+192.0.2.50/24", "+route 0.0.0.0/1 via 192.0.2.1"],
  },
], (row) => {
  const before = "before" in row ? row.before : BEFORE;
  const policy = { ...POLICY, ...row.policy };
  const changes = interfaceChanges(before, row.after, policy);
  assertEquals(changes.map(describeChange), row.want);
});

Deno.test("interfaceChanges() gives routes the metric of the network", () => {
  const policy = { ...POLICY, priority: 77 };
  const [, route] = interfaceChanges(undefined, BEFORE, policy);
  assertEquals(route, {
    kind: "add-route",
    dst: { address: ip("0.0.0.0"), prefixLength: 0 },
    gw: ip("192.0.2.1"),
    metric: 77,
  });
});

Deno.test("removalOf() removes the routes, then the address", () => {
  assertEquals(removalOf(BEFORE, POLICY).map(describeChange), [
    "-route 0.0.0.0/0 via 192.0.2.1",
    "-192.0.2.50/24",
  ]);
});

testRows("gatewayChanges() has", [
  { name: "nothing for a router in the subnet", lease: BEFORE, want: [] },
  {
    name: "an on-link route to a router outside the subnet",
    lease: OFF_LINK,
    want: ["+route 198.51.100.1/32"],
  },
  {
    name: "one route to a router of several routes, also if the server sent it",
    lease: sampleLease({
      options: { 121: "20c6336401 00000000 00c6336401 080ac6336401" },
    }),
    want: ["+route 198.51.100.1/32"],
  },
  {
    name: "nothing for a route that is not used",
    lease: OFF_LINK,
    policy: { suppressGateway: true },
    want: [],
  },
], ({ lease, policy, want }) => {
  const changes = gatewayChanges("add-route", lease, { ...POLICY, ...policy });
  assertEquals(changes.map(describeChange), want);
});
