import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { InterfaceSync } from "../../../../lib/dhcp/daemon/interface_sync.ts";
import type { LeaseOptions } from "../../../../lib/dhcp/config/lease_options.ts";
import { FakeInterfaces } from "./fake_interface.ts";
import { FakeScheduler } from "./fake_scheduler.ts";
import { LEASED, sampleLease } from "./sample_lease.ts";

const LEASE = sampleLease();
const OTHER_ROUTER = sampleLease({ options: { 3: "c0000202" } });
const REMOVAL = ["-route 0.0.0.0/0 via 192.0.2.1", "-192.0.2.50/24"];
const ADDITION = ["+192.0.2.50/24", "+route 0.0.0.0/0 via 192.0.2.1"];

/** A sync on a fake interface. */
class Fixture {
  readonly attached = new FakeInterfaces({
    scheduler: new FakeScheduler(),
    onSend: () => {},
  }).add("/ns/a", "1");
  readonly log: string[] = [];
  readonly sync: InterfaceSync;

  constructor(options: Partial<LeaseOptions> = {}) {
    this.sync = new InterfaceSync(
      this.attached,
      { ...LEASED.options, ...options },
      (level, event) => {
        if (level !== "debug") this.log.push(event);
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
    change(wanted);
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
