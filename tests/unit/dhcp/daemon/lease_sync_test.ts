import { assertEquals } from "@std/assert";
import type { LeaseOptions } from "../../../../lib/dhcp/config/lease_options.ts";
import { InterfaceSync } from "../../../../lib/dhcp/daemon/interface_sync.ts";
import type {
  LeasedRecord,
  LeaseRecord,
} from "../../../../lib/dhcp/daemon/lease_record.ts";
import { LeaseSync } from "../../../../lib/dhcp/daemon/lease_sync.ts";
import type { InterfaceChange } from "../../../../lib/dhcp/daemon/ports.ts";
import { StoredLease } from "../../../../lib/dhcp/daemon/stored_lease.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { hex } from "../../../support/bytes.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { describeChange, FakeInterfaces } from "./fake_interface.ts";
import { FakeLeaseStore } from "./fake_lease_store.ts";
import { FakeScheduler } from "./fake_scheduler.ts";
import { LEASED, OFFERED, sampleLease } from "./sample_lease.ts";

const LEASE = sampleLease();
const RENEWED = sampleLease({}, 200_000);
const OTHER = sampleLease({ yiaddr: ip("192.0.2.60"), options: { 3: "" } });
const OFFER = { address: ip("192.0.2.50"), server: ip("192.0.2.1") };
const OTHER_OFFER = { ...OFFER, address: ip("192.0.2.60") };
const MAC = hex("02005e1000fe");
const UNSEEN = { ...LEASED, wasSeen: false };
const LOST = { ...LEASED, isLost: true };

interface FixtureOptions {
  /** What is in the file already. */
  readonly record?: LeaseRecord;
  readonly options?: Partial<LeaseOptions>;
  /** Whether the address of {@link LEASE} is on the interface. */
  readonly isPresent?: boolean;
}

/** A sync on a fake interface and a fake store. */
class Fixture {
  /** What was written to the file and what was changed on the interface, in order. */
  readonly journal: string[] = [];
  readonly scheduler = new FakeScheduler();
  readonly interfaces = new FakeInterfaces({
    scheduler: this.scheduler,
    onSend: () => {},
  });
  readonly attached = this.interfaces.add("/ns/a", "1");
  readonly store = new FakeLeaseStore();
  readonly stored: StoredLease;
  readonly sync: LeaseSync;

  constructor({ record, options = {}, isPresent = false }: FixtureOptions) {
    const { attached, journal, scheduler, store } = this;
    const log = (level: string, event: string): void => {
      if (level !== "debug") journal.push(event);
    };
    const write = store.write.bind(store);
    store.write = (written: LeaseRecord): void => {
      journal.push(describeRecord(written));
      write(written);
    };
    const change = attached.change.bind(attached);
    attached.change = (made: InterfaceChange): boolean => {
      journal.push(describeChange(made));
      return change(made);
    };
    if (isPresent) attached.cidrs.push(LEASE);
    this.stored = new StoredLease(LEASED, LEASED.identity, { store, log });
    if (record !== undefined) this.stored.restore(record);
    const interfaceSync = new InterfaceSync(
      attached,
      { ...LEASED.options, ...options },
      { scheduler, log },
    );
    if (record?.grant.kind === "leased") {
      interfaceSync.assume(record.grant.lease);
    }
    const { stored } = this;
    this.sync = new LeaseSync({ stored, interfaceSync, attached, log });
  }
}

/** Describes a record in one short text. */
function describeRecord(
  { grant, isLost, wasSeen, change }: LeaseRecord,
): string {
  const { address } = grant.kind === "offered" ? grant.offer : grant.lease;
  return [
    `file: ${grant.kind} ${formatIpAddress(address)}`,
    ...(isLost ? ["lost"] : []),
    ...(wasSeen ? ["seen"] : []),
    ...(change === undefined
      ? []
      : [`from ${change.from && formatIpAddress(change.from.address)}`]),
  ].join(", ");
}

interface Row extends FixtureOptions {
  readonly name: string;
  readonly act: (sync: LeaseSync) => unknown;
  readonly want: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    name: "stores an offer",
    act: (sync) => sync.accept(OFFER, MAC),
    want: ["file: offered 192.0.2.50"],
  },
  {
    name: "stores an offer once",
    record: OFFERED,
    act: (sync) => sync.accept(OFFER, MAC),
    want: [],
  },
  {
    name: "stores another offer",
    record: OFFERED,
    act: (sync) => sync.accept(OTHER_OFFER, MAC),
    want: ["file: offered 192.0.2.60"],
  },
  {
    name: "keeps the file of a lost lease when there is an offer",
    record: LOST,
    act: (sync) => sync.accept(OTHER_OFFER, MAC),
    want: [],
  },
  {
    name: "leaves an acquired lease to the main plugin",
    record: OFFERED,
    act: (sync) => sync.acquire(LEASE, MAC),
    want: ["file: leased 192.0.2.50"],
  },
  {
    name: "records that the address of an acquired lease is present already",
    record: OFFERED,
    isPresent: true,
    act: (sync) => sync.acquire(LEASE, MAC),
    want: ["file: leased 192.0.2.50", "file: leased 192.0.2.50, seen"],
  },
  {
    name: "puts a lease that replaces a lost one on the interface",
    record: LOST,
    act: (sync) => sync.acquire(OTHER, MAC),
    want: [
      "file: leased 192.0.2.60, from 192.0.2.50",
      "-route 0.0.0.0/0 via 192.0.2.1",
      "-192.0.2.50/24",
      "+192.0.2.60/24",
      "file: leased 192.0.2.60",
      "file: leased 192.0.2.60, seen",
    ],
  },
  {
    name: "stores a renewed lease",
    record: LEASED,
    act: (sync) => sync.renew(RENEWED, MAC),
    want: ["file: leased 192.0.2.50, seen"],
  },
  {
    name: "stores both leases until the interface has the values of the other",
    record: LEASED,
    act: (sync) => sync.change({ lease: OTHER, previous: LEASE }, MAC),
    want: [
      "file: leased 192.0.2.60, from 192.0.2.50",
      "-route 0.0.0.0/0 via 192.0.2.1",
      "-192.0.2.50/24",
      "+192.0.2.60/24",
      "file: leased 192.0.2.60",
      "file: leased 192.0.2.60, seen",
    ],
  },
  {
    name: 'stores a changed lease with onChange "keep"',
    record: LEASED,
    options: { onChange: "keep" },
    act: (sync) => sync.change({ lease: OTHER, previous: LEASE }, MAC),
    want: ["file: leased 192.0.2.60", "change-ignored"],
  },
  {
    name: "leaves a changed lease alone whose address was never present",
    record: UNSEEN,
    act: (sync) => sync.change({ lease: OTHER, previous: LEASE }, MAC),
    want: ["file: leased 192.0.2.60"],
  },
  {
    name: "changes an address that is present, but was not seen before",
    record: UNSEEN,
    isPresent: true,
    act: (sync) => sync.change({ lease: OTHER, previous: LEASE }, MAC),
    want: [
      "file: leased 192.0.2.50, seen",
      "file: leased 192.0.2.60, from 192.0.2.50",
      "-route 0.0.0.0/0 via 192.0.2.1",
      "-192.0.2.50/24",
      "+192.0.2.60/24",
      "file: leased 192.0.2.60",
      "file: leased 192.0.2.60, seen",
    ],
  },
  {
    name: "stores that a lease is lost before it removes its address",
    record: LEASED,
    act: (sync) => sync.lose(LEASE),
    want: [
      "file: leased 192.0.2.50, lost, seen",
      "-route 0.0.0.0/0 via 192.0.2.1",
      "-192.0.2.50/24",
      "link-set-down",
    ],
  },
  {
    name: "resumes a lease",
    act: (sync) => sync.resume(LEASED),
    want: [],
  },
  {
    name: "completes a change that an earlier daemon began",
    act: (sync) => sync.resume(changing(LEASED)),
    want: [
      "-192.0.2.60/24",
      "+192.0.2.50/24",
      "+route 0.0.0.0/0 via 192.0.2.1",
      "file: leased 192.0.2.50, seen",
    ],
  },
  {
    name: "does not complete the change of a lost lease",
    act: (sync) => sync.resume(changing(LOST)),
    want: [],
  },
  {
    name: "stores a changed hardware address",
    record: LEASED,
    act: (sync) => sync.followMac(linkWith("02005e100009")),
    want: ["mac-changed", "file: leased 192.0.2.50, seen"],
  },
  {
    name: "does not store the same hardware address",
    record: LEASED,
    act: (sync) => sync.followMac(linkWith("02005e100001")),
    want: [],
  },
];

/** A change from {@link OTHER} that is not complete. */
function changing(record: LeasedRecord): LeasedRecord {
  return { ...record, change: { from: OTHER } };
}

function linkWith(mac: string): Parameters<LeaseSync["followMac"]>[0] {
  return { macAddress: hex(mac) };
}

testRows("LeaseSync", ROWS, async ({ act, want, ...options }) => {
  const { sync, journal } = new Fixture(options);
  await act(sync);
  assertEquals(journal, want);
});

Deno.test("LeaseSync.acquire() says why a first lease cannot be stored", async () => {
  const { sync, store } = new Fixture({});
  store.isFull = true;
  const error = await sync.acquire(LEASE, MAC);
  assertEquals(error?.message, "disk full");
});

Deno.test("LeaseSync.acquire() does not wait for a lease that replaces a lost one", () => {
  const { sync, store } = new Fixture({ record: LOST });
  store.isFull = true;
  assertEquals(sync.acquire(LEASE, MAC), undefined);
});

Deno.test("LeaseSync stores the server of an exchange, and keeps it if it is unknown", () => {
  const { sync, stored } = new Fixture({ record: LEASED });
  const serverMac = hex("02005e1000ff");
  sync.renew(RENEWED, serverMac);
  assertEquals(stored.serverMac, serverMac);
  sync.renew(RENEWED, undefined);
  assertEquals(stored.serverMac, serverMac);
});

Deno.test("LeaseSync.recordAddressSeen() reads the interface until the address was seen", () => {
  const { sync, attached, interfaces, journal, stored } = new Fixture({
    record: UNSEEN,
  });
  sync.recordAddressSeen(undefined);
  sync.recordAddressSeen(LEASE);
  assertEquals(stored.wasSeen, false);
  attached.cidrs.push(LEASE);
  sync.recordAddressSeen(OTHER);
  assertEquals(stored.wasSeen, false);
  sync.recordAddressSeen(LEASE);
  assertEquals(stored.wasSeen, true);
  interfaces.removeNamespace("/ns/a");
  sync.recordAddressSeen(LEASE);
  assertEquals(journal, ["file: leased 192.0.2.50, seen"]);
});

Deno.test("LeaseSync.recordAddressSeen() logs that the interface cannot be read", () => {
  const { sync, interfaces, journal } = new Fixture({ record: UNSEEN });
  interfaces.removeNamespace("/ns/a");
  sync.recordAddressSeen(LEASE);
  assertEquals(journal, ["interface-unreadable"]);
});
