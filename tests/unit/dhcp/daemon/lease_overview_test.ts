import { assertEquals } from "@std/assert";
import {
  countStates,
  firstExpiryMs,
  leasePage,
} from "../../../../lib/dhcp/daemon/lease_overview.ts";
import type { LeaseReport } from "../../../../lib/dhcp/protocol/lease_report.ts";
import { testRows } from "../../../support/rows.ts";
import { LEASED, sampleLease } from "./sample_lease.ts";

const LEASE = sampleLease();
const LATER = sampleLease({}, LEASE.sentMs + 1000);
const FOREVER = sampleLease({ options: { 51: "ffffffff" } });

Deno.test("countStates() counts the clients of each state", () => {
  const states = ["BOUND", "INIT", "BOUND"];
  assertEquals(
    countStates(states.map((stateName) => ({ stateName }))),
    { BOUND: 2, INIT: 1 },
  );
  assertEquals(countStates([]), {});
});

testRows("firstExpiryMs()", [
  {
    name: "is that of the lease that expires first",
    leases: [LATER, LEASE, undefined],
    want: LEASE.expiresMs,
  },
  {
    name: "is undefined if no lease expires",
    leases: [FOREVER, undefined],
    want: undefined,
  },
  { name: "is undefined without clients", leases: [], want: undefined },
], ({ leases, want }) => {
  assertEquals(firstExpiryMs(leases.map((lease) => ({ lease }))), want);
});

/** Returns clients with numbers for names, in the wrong order. */
function clients(
  count: number,
): (readonly [string, { readonly report: LeaseReport }])[] {
  return Array.from({ length: count }, (_, index) => {
    const name = String(count - 1 - index).padStart(3, "0");
    const report = {
      attachment: { ...LEASED.attachment, containerId: name },
      state: "BOUND",
      netns: "/ns/a",
      ifName: "eth0",
      macAddress: "02:00:5e:10:00:01",
      lease: undefined,
      unanswered: 0,
      packets: {},
      lastProblem: undefined,
    };
    return [name, { report }] as const;
  });
}

testRows("leasePage()", [
  { name: "has no more than 200 leases", count: 201, want: [0, 199, true] },
  { name: "may have them all", count: 200, want: [0, 199, false] },
  {
    name: "begins after a name",
    count: 201,
    after: "199",
    want: [200, 200, false],
  },
  {
    name: "begins after a name that is gone",
    count: 201,
    after: "150x",
    want: [151, 200, false],
  },
], ({ count, after = "", want }) => {
  const { leases, more } = leasePage(clients(count), after);
  const names = leases.map(({ attachment }) => Number(attachment.containerId));
  assertEquals([names[0], names.at(-1), more], want);
  assertEquals(names, names.toSorted((a, b) => a - b));
});

Deno.test("leasePage() is empty without clients", () => {
  assertEquals(leasePage([], ""), { leases: [], more: false });
});
