import { assertEquals } from "@std/assert";
import { StoredLease } from "../../../../lib/dhcp/daemon/stored_lease.ts";
import { hex } from "../../../support/bytes.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { FakeLeaseStore } from "./fake_lease_store.ts";
import { LEASED, OFFERED } from "./sample_lease.ts";

const { attachment, identity } = LEASED;
const OFFER = { address: ip("192.0.2.50"), server: ip("192.0.2.1") };

/** A stored lease and its store. */
class Fixture {
  readonly store = new FakeLeaseStore();
  readonly log: string[] = [];
  readonly stored = new StoredLease(LEASED, identity, {
    store: this.store,
    log: (_level, event) => this.log.push(event),
  });
}

Deno.test("StoredLease writes no file before there is a grant", () => {
  const { stored, store } = new Fixture();
  assertEquals(stored.write({ wasSeen: true }), undefined);
  assertEquals(store.files.size, 0);
  stored.write({ grant: LEASED.grant, serverMac: LEASED.serverMac });
  assertEquals(store.read(attachment), LEASED);
});

Deno.test("StoredLease keeps the fields that a write does not change", () => {
  const { stored, store } = new Fixture();
  stored.restore({ ...LEASED, change: { from: undefined } });
  stored.write({ isLost: true });
  const lost = { ...LEASED, isLost: true, change: { from: undefined } };
  assertEquals(store.read(attachment), lost);
  stored.write({ change: null });
  assertEquals(store.read(attachment), { ...lost, change: undefined });
  stored.write({ serverMac: undefined });
  assertEquals(stored.serverMac, LEASED.serverMac);
  const chaddr = hex("02005e100009");
  stored.write({ identity: { ...identity, chaddr } });
  assertEquals(stored.identity.chaddr, chaddr);
  assertEquals(store.read(attachment)?.identity.chaddr, chaddr);
});

Deno.test("StoredLease.write() returns and logs why the file cannot be written", () => {
  const { stored, store, log } = new Fixture();
  store.isFull = true;
  const error = stored.write({ grant: LEASED.grant });
  assertEquals([error?.message, log], ["disk full", ["lease-not-stored"]]);
  assertEquals(stored.grant, LEASED.grant);
});

Deno.test("StoredLease.inherit() does not write; the file stays until the next write", () => {
  const { stored, store } = new Fixture();
  stored.inherit(LEASED.grant);
  assertEquals([stored.grant, store.files.size], [LEASED.grant, 0]);
});

Deno.test("StoredLease.remove() removes the file once", () => {
  const { stored, store } = new Fixture();
  stored.write({ grant: LEASED.grant });
  stored.remove();
  assertEquals([stored.grant, store.files.size], [undefined, 0]);
  store.write(LEASED);
  stored.remove();
  assertEquals(store.files.size, 1);
});

testRows("StoredLease.hasOffer()", [
  { name: "is true for the stored offer", record: OFFERED, want: true },
  {
    name: "is false for another address",
    record: OFFERED,
    offer: { ...OFFER, address: ip("192.0.2.51") },
    want: false,
  },
  {
    name: "is false for another server",
    record: OFFERED,
    offer: { ...OFFER, server: ip("192.0.2.2") },
    want: false,
  },
  { name: "is false for a lease", record: LEASED, want: false },
  { name: "is false without a file", record: undefined, want: false },
], ({ record, offer = OFFER, want }) => {
  const { stored } = new Fixture();
  if (record !== undefined) stored.restore(record);
  assertEquals(stored.hasOffer(offer), want);
});

testRows("StoredLease.resumableGrant()", [
  { name: "is the lease", record: LEASED, want: LEASED.grant },
  {
    name: "is the lease for another hardware address",
    record: LEASED,
    other: { chaddr: hex("02005e100009") },
    want: LEASED.grant,
  },
  {
    name: "is undefined for another client identifier",
    record: LEASED,
    other: { clientIdentifier: hex("00") },
    want: undefined,
  },
  {
    name: "is undefined for a lost lease",
    record: { ...LEASED, isLost: true },
    want: undefined,
  },
  { name: "is undefined for an offer", record: OFFERED, want: undefined },
  { name: "is undefined without a file", record: undefined, want: undefined },
], ({ record, other = {}, want }) => {
  const { stored } = new Fixture();
  if (record !== undefined) stored.restore(record);
  assertEquals(stored.resumableGrant({ ...identity, ...other }), want);
});
