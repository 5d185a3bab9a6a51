import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { InterfaceSync } from "../../../../lib/dhcp/daemon/interface_sync.ts";
import type { LeaseOptions } from "../../../../lib/dhcp/config/lease_options.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { FakeInterfaces } from "./fake_interface.ts";
import { FakeScheduler } from "./fake_scheduler.ts";
import { LEASED, sampleLease } from "./sample_lease.ts";

const LEASE = sampleLease();
const OTHER_ROUTER = sampleLease({ options: { 3: "c0000202" } });
const OTHER_ADDRESS = sampleLease({ yiaddr: ip("192.0.2.60") });
const REMOVAL = ["-route 0.0.0.0/0 via 192.0.2.1", "-192.0.2.50/24"];
const ADDITION = ["+192.0.2.50/24", "+route 0.0.0.0/0 via 192.0.2.1"];

/** A sync on a fake interface. */
class Fixture {
  readonly scheduler = new FakeScheduler();
  readonly attached = new FakeInterfaces({
    scheduler: this.scheduler,
    onSend: () => {},
  }).add("/ns/a", "1");
  readonly log: string[] = [];
  readonly sync: InterfaceSync;

  constructor(options: Partial<LeaseOptions> = {}) {
    this.sync = new InterfaceSync(
      this.attached,
      { ...LEASED.options, ...options },
      {
        scheduler: this.scheduler,
        log: (level, event) => {
          if (level !== "debug") this.log.push(event);
        },
      },
    );
  }

  /** The changes since the last call. */
  takeChanges(): string[] {
    return this.attached.changes.splice(0);
  }
}

Deno.test("InterfaceSync.assume() changes nothing: the main plugin does", () => {
  const { sync, ...fixture } = new Fixture();
  sync.assume(LEASE);
  assertEquals(fixture.attached.changes, []);
  assertEquals(sync.applied, LEASE);
});

Deno.test("InterfaceSync.update() makes the changes from the last lease", () => {
  const fixture = new Fixture();
  fixture.sync.assume(LEASE);
  fixture.sync.update(OTHER_ROUTER);
  assertEquals(fixture.takeChanges(), [
    "-route 0.0.0.0/0 via 192.0.2.1",
    "+route 0.0.0.0/0 via 192.0.2.2",
  ]);
  assertEquals(fixture.sync.applied, OTHER_ROUTER);
});

Deno.test('InterfaceSync.update() with onChange "keep" only logs the change', () => {
  const fixture = new Fixture({ onChange: "keep" });
  fixture.sync.assume(LEASE);
  assertEquals(fixture.sync.follows, false);
  fixture.sync.update(OTHER_ROUTER);
  assertEquals(fixture.takeChanges(), []);
  assertEquals(fixture.log, ["change-ignored"]);
  assertEquals(fixture.sync.applied, LEASE);
});

Deno.test('InterfaceSync with onExpiry "down" sets the link up only to send', () => {
  const fixture = new Fixture();
  const { sync } = fixture;
  sync.assume(LEASE);
  sync.beforeSend();
  sync.afterExchange();
  assertEquals(fixture.takeChanges(), []);
  sync.remove(LEASE);
  assertEquals(fixture.takeChanges(), [...REMOVAL, "down"]);
  assertEquals([sync.holdsLinkDown, sync.applied], [true, undefined]);
  sync.beforeSend();
  sync.beforeSend();
  assertEquals(fixture.takeChanges(), ["up"]);
  sync.afterExchange();
  sync.afterExchange();
  assertEquals(fixture.takeChanges(), ["down"]);
  sync.update(LEASE);
  assertEquals(fixture.takeChanges(), ["up", ...ADDITION]);
  assertEquals(sync.holdsLinkDown, false);
});

Deno.test('InterfaceSync with onExpiry "down" restores a lease in spite of onChange "keep"', () => {
  const fixture = new Fixture({ onChange: "keep" });
  fixture.sync.assume(LEASE);
  fixture.sync.remove(LEASE);
  fixture.takeChanges();
  assertEquals(fixture.sync.follows, true);
  fixture.sync.update(LEASE);
  assertEquals(fixture.takeChanges(), ["up", ...ADDITION]);
});

Deno.test('InterfaceSync.remove() with onExpiry "keep" changes nothing', () => {
  const fixture = new Fixture({ onExpiry: "keep" });
  fixture.sync.assume(LEASE);
  fixture.sync.remove(LEASE);
  assertEquals(fixture.takeChanges(), []);
  assertEquals([fixture.sync.holdsLinkDown, fixture.sync.applied], [
    false,
    LEASE,
  ]);
});

Deno.test("InterfaceSync.remove() removes the addresses that the interface has, not those of the lease", () => {
  const fixture = new Fixture();
  fixture.sync.assume(LEASE);
  fixture.sync.remove(OTHER_ROUTER);
  assertEquals(fixture.takeChanges(), [...REMOVAL, "down"]);
});

const BRIDGE = { master: { index: 9, kind: "bridge" } };
const VRF = { master: { index: 9, kind: "vrf" } };

testRows("InterfaceSync never sets an interface down that is part of", [
  { name: "a bridge", change: BRIDGE, restored: [] },
  { name: "a VRF", change: VRF, restored: ADDITION },
], ({ change, restored }) => {
  const fixture = new Fixture();
  const { sync, attached, log } = fixture;
  sync.assume(LEASE);
  attached.set(change);
  sync.remove(LEASE);
  assertEquals(fixture.takeChanges(), REMOVAL);
  assertEquals([sync.holdsLinkDown, sync.applied], [false, undefined]);
  assertEquals(log, ["link-kept-up"]);
  sync.beforeSend();
  sync.afterExchange();
  assertEquals(fixture.takeChanges(), []);
  sync.update(LEASE);
  assertEquals(fixture.takeChanges(), restored);
});

Deno.test("InterfaceSync sets a link up for good once it becomes part of a bridge", () => {
  const fixture = new Fixture();
  const { sync, attached } = fixture;
  sync.assume(LEASE);
  sync.remove(LEASE);
  fixture.takeChanges();
  attached.set(BRIDGE);
  sync.beforeSend();
  sync.afterExchange();
  assertEquals(fixture.takeChanges(), ["up"]);
  assertEquals(sync.holdsLinkDown, false);
});

testRows("InterfaceSync puts no values on a port:", [
  {
    name: "update()",
    change: (sync: InterfaceSync) => sync.update(OTHER_ROUTER),
    want: [],
  },
  {
    name: "complete()",
    change: (sync: InterfaceSync) => sync.complete(LEASE, OTHER_ROUTER),
    want: ["up"],
  },
], ({ change, want }) => {
  const fixture = new Fixture();
  fixture.sync.assume(LEASE);
  fixture.attached.set(BRIDGE);
  change(fixture.sync);
  assertEquals(fixture.takeChanges(), want);
  assertEquals(fixture.log, ["change-ignored"]);
  assertEquals(fixture.sync.applied, LEASE);
});

Deno.test("InterfaceSync.complete() sets the link up and makes the changes again", () => {
  const fixture = new Fixture();
  fixture.sync.complete(undefined, LEASE);
  assertEquals(fixture.takeChanges(), ["up", ...ADDITION]);
  assertEquals(fixture.sync.applied, LEASE);
});

Deno.test("InterfaceSync.renew() replaces the lease that is on the interface", () => {
  const { sync } = new Fixture();
  const renewed = sampleLease({}, 999);
  sync.assume(LEASE);
  sync.renew(OTHER_ROUTER, renewed);
  assertEquals(sync.applied, LEASE);
  sync.renew(LEASE, renewed);
  assertEquals(sync.applied, renewed);
});

Deno.test("InterfaceSync logs what the operating system refuses, and continues", () => {
  const fixture = new Fixture();
  const change = fixture.attached.change.bind(fixture.attached);
  fixture.attached.change = (wanted) => {
    if (wanted.kind === "add-address") throw new SystemError("refused");
    return change(wanted);
  };
  fixture.sync.complete(undefined, LEASE);
  assertEquals(fixture.takeChanges(), ["up", "+route 0.0.0.0/0 via 192.0.2.1"]);
  assertEquals(fixture.log, ["interface-change-failed"]);
});

Deno.test("InterfaceSync warns about each route that it drops", () => {
  const fixture = new Fixture();
  fixture.sync.assume(sampleLease({ options: { 121: "0100c0000201" } }));
  assertEquals(fixture.log, ["route-dropped"]);
});

Deno.test("InterfaceSync warns once for each reason, not for each route", () => {
  const fixture = new Fixture();
  fixture.sync.assume(sampleLease({
    options: {
      121: "0100c0000201 0240c0000201 10a9fec0000201 20a9fea9fec0000201",
    },
  }));
  assertEquals(fixture.log, ["route-dropped", "route-dropped"]);
});

Deno.test("InterfaceSync.update() drops the routes of a renewal that an ADD drops", () => {
  const fixture = new Fixture({ suppressRoutes: true });
  fixture.sync.assume(LEASE);
  fixture.sync.update(sampleLease({
    options: { 121: "00c0000201 080ac0000201 0100c0000201" },
  }));
  assertEquals(fixture.takeChanges(), []);
  const usual = new Fixture();
  usual.sync.assume(LEASE);
  usual.sync.update(sampleLease({
    options: { 121: "00c0000201 080ac0000201 0100c0000201 20a9fea9fec0000201" },
  }));
  assertEquals(usual.takeChanges(), ["+route 10.0.0.0/8 via 192.0.2.1"]);
  assertEquals(usual.log, ["route-dropped", "route-dropped"]);
});

Deno.test("InterfaceSync.update() adds the on-link route to a router outside the subnet", () => {
  const fixture = new Fixture();
  fixture.sync.assume(LEASE);
  fixture.sync.update(sampleLease({ options: { 3: "c6336401" } }));
  assertEquals(fixture.takeChanges(), [
    "-route 0.0.0.0/0 via 192.0.2.1",
    "+route 198.51.100.1/32",
    "+route 0.0.0.0/0 via 198.51.100.1",
  ]);
});

Deno.test("InterfaceSync announces a new address twice (RFC 5227 section 2.3)", async () => {
  const fixture = new Fixture();
  const { sync, attached, scheduler } = fixture;
  sync.assume(LEASE);
  assertEquals(attached.announced, []);
  sync.update(OTHER_ADDRESS);
  assertEquals(attached.announced, ["192.0.2.60"]);
  await scheduler.advance(1999);
  assertEquals(attached.announced.length, 1);
  await scheduler.advance(1);
  assertEquals(attached.announced, ["192.0.2.60", "192.0.2.60"]);
  await scheduler.advance(10_000);
  assertEquals(attached.announced.length, 2);
});

testRows("InterfaceSync ends the announcements", [
  {
    name: "of a lost lease",
    end: (sync: InterfaceSync) => sync.remove(OTHER_ADDRESS),
  },
  {
    name: "when it is disposed",
    end: (sync: InterfaceSync) => sync[Symbol.dispose](),
  },
], async ({ end }) => {
  const { sync, attached, scheduler } = new Fixture();
  sync.assume(LEASE);
  sync.update(OTHER_ADDRESS);
  end(sync);
  await scheduler.advance(10_000);
  assertEquals(attached.announced.length, 1);
});

Deno.test("InterfaceSync does not announce an address that only gets other routes", () => {
  const { sync, attached } = new Fixture();
  sync.assume(LEASE);
  sync.update(OTHER_ROUTER);
  assertEquals(attached.announced, []);
});

interface RestoreRow {
  readonly name: string;
  readonly options?: Partial<LeaseOptions>;
  readonly prepare: (fixture: Fixture) => void;
  readonly want: readonly string[];
}

const DEFAULT_ROUTE = "+route 0.0.0.0/0 via 192.0.2.1";

testRows<RestoreRow>("InterfaceSync.restoreRoutes()", [
  {
    name: "puts the routes back after the link was down",
    prepare: ({ sync }) => sync.noteDown(),
    want: [DEFAULT_ROUTE],
  },
  {
    name: "does nothing if the link was not down",
    prepare: () => {},
    want: [],
  },
  {
    name: "waits until the link is up",
    prepare: ({ sync, attached }) => {
      sync.noteDown();
      attached.set({ isUp: false });
    },
    want: [],
  },
  {
    name: "leaves an interface alone that lost the address",
    prepare: ({ sync, attached }) => {
      sync.noteDown();
      attached.cidrs.length = 0;
    },
    want: [],
  },
  {
    name: "leaves a bridge port alone",
    prepare: ({ sync, attached }) => {
      sync.noteDown();
      attached.set(BRIDGE);
    },
    want: [],
  },
  {
    name: 'does nothing with onChange "keep"',
    options: { onChange: "keep" },
    prepare: ({ sync }) => sync.noteDown(),
    want: [],
  },
  {
    name: "does not put back what was removed afterwards",
    prepare: ({ sync, attached }) => {
      sync.noteDown();
      if (attached.link !== undefined) sync.restoreRoutes(attached.link);
      attached.routes.clear();
    },
    want: [DEFAULT_ROUTE],
  },
], ({ options, prepare, want }) => {
  const fixture = new Fixture(options);
  const { sync, attached, log } = fixture;
  attached.cidrs.push({ address: LEASE.address, prefixLength: 24 });
  sync.assume(LEASE);
  prepare(fixture);
  if (attached.link !== undefined) sync.restoreRoutes(attached.link);
  assertEquals(fixture.takeChanges(), want);
  assertEquals(log, want.length === 0 ? [] : ["routes-restored"]);
});

Deno.test("InterfaceSync.restoreRoutes() reports nothing if the routes are there", () => {
  const { sync, attached, log } = new Fixture();
  attached.cidrs.push({ address: LEASE.address, prefixLength: 24 });
  sync.assume(LEASE);
  attached.routes.add(DEFAULT_ROUTE.slice(1));
  sync.noteDown();
  if (attached.link !== undefined) sync.restoreRoutes(attached.link);
  assertEquals(log, []);
});
