import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeMessage,
  encodeMessage,
} from "../../../../lib/dhcp/codec/dhcp_message.ts";
import { formatRoute } from "../../../../lib/dhcp/codec/route_options.ts";
import {
  changedFields,
  type Lease,
  leaseFromAck,
} from "../../../../lib/dhcp/client/lease.ts";
import {
  leaseTimes,
  type SentTimes,
} from "../../../../lib/dhcp/client/lease_times.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";
import { checkProperty } from "../../../support/property.ts";
import { testRows } from "../../../support/rows.ts";

interface TimesRow {
  readonly name: string;
  /** Lease, T1, T2 in seconds. */
  readonly sent: readonly (number | undefined)[];
  /** T1, T2, lease in seconds. */
  readonly want: readonly [number, number, number];
  readonly warnings?: number;
}

const INFINITE = 0xffffffff;

testRows<TimesRow>("leaseTimes()", [
  {
    name: "defaults T1 to 0.5 and T2 to 0.875 (RFC 2131 section 4.4.5)",
    sent: [3600],
    want: [1800, 3150, 3600],
  },
  {
    name: "keeps times that are in order",
    sent: [120, 10, 20],
    want: [10, 20, 120],
  },
  {
    name: "repairs equal times: T1 MUST be earlier than T2 (section 4.4.5)",
    sent: [60, 60, 60],
    want: [30, 52.5, 60],
    warnings: 2,
  },
  {
    name: "repairs a T2 equal to the lease time",
    sent: [60, 30, 60],
    want: [30, 52.5, 60],
    warnings: 1,
  },
  {
    name: "assumes 60 minutes if the lease time is absent, as upstream",
    sent: [],
    want: [1800, 3150, 3600],
  },
  { name: "obeys a T1 of one second", sent: [3600, 1], want: [1, 3150, 3600] },
  { name: "obeys T1 1, T2 2, lease 3", sent: [3, 1, 2], want: [1, 2, 3] },
  {
    name: "derives a missing T1 from the T2 that was sent",
    sent: [3600, undefined, 700],
    want: [400, 700, 3600],
  },
  {
    name: "repairs T1 0",
    sent: [3600, 0, 3150],
    want: [1800, 3150, 3600],
    warnings: 1,
  },
  {
    name: "repairs T2 0",
    sent: [3600, 1800, 0],
    want: [1800, 3150, 3600],
    warnings: 1,
  },
  {
    name: "repairs T1 > T2",
    sent: [700, 500, 350],
    want: [200, 350, 700],
    warnings: 1,
  },
  {
    name: "repairs T1 10, T2 5, lease 4",
    sent: [4, 10, 5],
    want: [2, 3.5, 4],
    warnings: 2,
  },
  {
    name: "repairs a lease time of 0, to ask again after half a minute",
    sent: [0, 0, 0],
    want: [30, 52.5, 60],
    warnings: 3,
  },
  {
    name: "renews a lease of one second before it ends",
    sent: [1],
    want: [0.7, 0.875, 1],
  },
  {
    name: "accepts an infinite lease (RFC 2131 section 3.3)",
    sent: [INFINITE],
    want: [Infinity, Infinity, Infinity],
  },
  {
    name: "obeys T1 and T2 of an infinite lease",
    sent: [INFINITE, 60, 120],
    want: [60, 120, Infinity],
  },
  {
    name: "repairs an infinite T1 of a finite lease",
    sent: [3600, INFINITE, INFINITE],
    want: [1800, 3150, 3600],
    warnings: 2,
  },
  {
    name: "does not overflow at the longest finite lease",
    sent: [INFINITE - 1],
    want: [2147483647, 3758096382.25, 4294967294],
  },
], ({ sent: [leaseSeconds, t1Seconds, t2Seconds], want, warnings = 0 }) => {
  const times = leaseTimes({ leaseSeconds, t1Seconds, t2Seconds });
  assertEquals(
    [times.t1Ms / 1000, times.t2Ms / 1000, times.leaseMs / 1000],
    [...want],
  );
  assertEquals(times.warnings.length, warnings);
});

Deno.test("leaseTimes() returns 0.7 s ≤ T1 < T2 < lease for any finite lease", () => {
  const seconds = fc.option(
    fc.oneof(fc.nat(5), fc.nat(INFINITE), fc.constant(INFINITE)),
    { nil: undefined },
  );
  const sent: fc.Arbitrary<SentTimes> = fc.record({
    leaseSeconds: seconds,
    t1Seconds: seconds,
    t2Seconds: seconds,
  });
  checkProperty(
    fc.property(sent, (given) => {
      const { t1Ms, t2Ms, leaseMs } = leaseTimes(given);
      assert(700 <= t1Ms && t1Ms <= t2Ms && t2Ms <= leaseMs);
      assert(leaseMs === Infinity || (t1Ms < t2Ms && t2Ms < leaseMs));
    }),
    2000,
  );
});

function leaseOf(
  options: Record<number, string | undefined> = {},
  sentMs = 0,
): Lease {
  const result = leaseFromAck(reply("ACK", 1, { options }), { sentMs });
  if (result.kind === "unusable") throw new Error(result.reason);
  return result.lease;
}

testRows(
  "leaseFromAck() begins the renewal a little before T1, as the xid has it (RFC 2131 section 4.4.5):",
  [
    { name: "not at all", xid: 0, leaseSeconds: 3600, want: 1_800_000 },
    { name: "half of 5 %", xid: 0x800000, leaseSeconds: 1000, want: 487_500 },
    { name: "a minute", xid: 0xffff00, leaseSeconds: 86_400, want: 43_140_001 },
    {
      name: "never, if it never comes",
      xid: 0x800000,
      leaseSeconds: 0xffffffff,
      want: Infinity,
    },
  ],
  ({ xid, leaseSeconds, want }) => {
    const text = leaseSeconds.toString(16).padStart(8, "0");
    const ack = reply("ACK", xid, { options: { 51: text } });
    const result = leaseFromAck(ack, { sentMs: 0 });
    assertEquals(result.kind === "lease" && result.lease.t1Ms, want);
  },
);

Deno.test("leaseFromAck() reads every value of an ACK, counting from the REQUEST (RFC 2131 section 4.4.1)", () => {
  const ack = reply("ACK", 1, {
    options: {
      6: "c0000235",
      15: "612e6578616d706c65",
      26: "0578",
      33: "0a000000 c0000202",
      119: "0161 00",
    },
  });
  const result = leaseFromAck(ack, { sentMs: 5000 });
  assert(result.kind === "lease");
  const { lease } = result;
  assertEquals({ ...lease, routes: lease.routes.map(formatRoute) }, {
    address: ip("192.0.2.50"),
    prefixLength: 24,
    serverIdentifier: ip("192.0.2.1"),
    gateway: ip("192.0.2.1"),
    routes: ["10.0.0.0/8 via 192.0.2.2", "0.0.0.0/0 via 192.0.2.1"],
    dns: {
      nameservers: [ip("192.0.2.53")],
      domain: "a.example",
      search: ["a"],
    },
    mtu: 1400,
    t1Ms: 5000 + 1_800_000,
    t2Ms: 5000 + 3_150_000,
    expiresMs: 5000 + 3_600_000,
    sentMs: 5000,
    ack: encodeMessage(ack),
    warnings: [],
  });
});

testRows("leaseFromAck() refuses an ACK", [
  {
    name: "without a subnet mask, naming it as upstream does",
    options: { 1: undefined },
    want: "DHCP option Subnet Mask not found in DHCPACK",
  },
  {
    name: "with a subnet mask of 3 bytes",
    options: { 1: "ffffff" },
    want: "DHCP option Subnet Mask not found in DHCPACK",
  },
  {
    name: "with a subnet mask that is not a prefix",
    options: { 1: "ff00ff00" },
    want: "Subnet Mask 255.0.255.0",
  },
  {
    name: "with the subnet mask 0.0.0.0",
    options: { 1: "00000000" },
    want: "Subnet Mask 0.0.0.0",
  },
  {
    name: "with the subnet mask of half of IPv4",
    options: { 1: "80000000" },
    want: "Subnet Mask 128.0.0.0",
  },
  {
    name: "with the subnet mask of a /3",
    options: { 1: "e0000000" },
    want: "Subnet Mask 224.0.0.0",
  },
  {
    name: "without a server identifier",
    options: { 54: undefined },
    want: "no Server Identifier (option 54)",
  },
  {
    name: "for 0.0.0.0",
    yiaddr: "0.0.0.0",
    want: "address 0.0.0.0 in yiaddr",
  },
  {
    name: "for a multicast address",
    yiaddr: "224.0.0.1",
    want: "address 224.0.0.1 in yiaddr",
  },
], ({ options = {}, yiaddr = "192.0.2.50", want }) => {
  const ack = reply("ACK", 1, { yiaddr: ip(yiaddr), options });
  const result = leaseFromAck(ack, { sentMs: 0 });
  assert(result.kind === "unusable");
  assert(result.reason.startsWith(want), result.reason);
});

testRows("leaseFromAck() drops, with a warning,", [
  { name: "a malformed router", options: { 3: "c00002" } },
  { name: "malformed name servers", options: { 6: "c00002" } },
  { name: "malformed classless routes", options: { 121: "21" } },
  { name: "a malformed lease time", options: { 51: "0e10" } },
  { name: "an MTU of one byte", options: { 26: "05" } },
  {
    name:
      'an MTU of 67 (RFC 2132 section 5.1: "the minimum legal value for the MTU is 68")',
    options: { 26: "0043" },
  },
], ({ options }) => {
  const result = leaseFromAck(reply("ACK", 1, { options }), { sentMs: 0 });
  assert(result.kind === "lease");
  assertEquals(result.lease.warnings.length, 1);
});

Deno.test("leaseFromAck() accepts an MTU of 68", () => {
  assertEquals(leaseOf({ 26: "0044" }).mtu, 68);
});

Deno.test("leaseFromAck() accepts a /32, and an infinite lease never expires", () => {
  const { prefixLength, t1Ms, expiresMs } = leaseOf({
    1: "ffffffff",
    51: "ffffffff",
  });
  assertEquals([prefixLength, t1Ms, expiresMs], [32, Infinity, Infinity]);
});

Deno.test("leaseFromAck() returns an equal lease for the stored ACK", () => {
  const lease = leaseOf({ 121: "18 c0a84e 00000000", 119: "0161 00" }, 7000);
  const result = leaseFromAck(decodeMessage(lease.ack), { sentMs: 7000 });
  assertEquals(result.kind === "lease" && result.lease, lease);
});

testRows("changedFields()", [
  {
    name: "ignores other deadlines",
    options: { 51: "00000001" },
    want: [],
  },
  {
    name: "ignores another server",
    options: { 54: "c0000209" },
    want: [],
  },
  {
    name: "finds another router",
    options: { 3: "c0000202" },
    want: ["gateway", "routes"],
  },
  {
    name: "finds another mask",
    options: { 1: "ffff0000" },
    want: ["prefixLength"],
  },
  {
    name: "finds another name server",
    options: { 6: "c0000235" },
    want: ["dns"],
  },
  { name: "finds another MTU", options: { 26: "0578" }, want: ["mtu"] },
], ({ options, want }) => {
  assertEquals<string[]>(changedFields(leaseOf(), leaseOf(options)), want);
});

Deno.test("changedFields() finds another address", () => {
  const other = { ...leaseOf(), address: ip("192.0.2.51") };
  assertEquals(changedFields(leaseOf(), other), ["address"]);
});
