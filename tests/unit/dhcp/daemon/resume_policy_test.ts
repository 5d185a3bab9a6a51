import { assertEquals } from "@std/assert";
import type { LeaseRecord } from "../../../../lib/dhcp/daemon/lease_record.ts";
import {
  decideResume,
  resumeEvent,
} from "../../../../lib/dhcp/daemon/resume_policy.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { LEASED, OFFERED } from "./sample_lease.ts";
import type { Ipv4Cidr } from "../../../../lib/net/cidr.ts";

const LEASED_ADDRESS: readonly Ipv4Cidr[] = [
  { address: ip("192.0.2.50"), prefixLength: 24 },
];
const OTHER_ADDRESS: readonly Ipv4Cidr[] = [
  { address: ip("192.0.2.51"), prefixLength: 24 },
];

interface Row {
  readonly name: string;
  readonly record?: LeaseRecord;
  readonly bootId?: string;
  readonly isDeleted?: boolean;
  /** Null: the interface is gone. */
  readonly addresses?: readonly Ipv4Cidr[] | null;
  /** Why the lease is released; empty: it is resumed. */
  readonly want: string;
}

testRows<Row>("decideResume()", [
  { name: "resumes a lease whose address is on the interface", want: "" },
  {
    name: "resumes a lease whose address was never on the interface",
    record: { ...LEASED, wasSeen: false },
    addresses: [],
    want: "",
  },
  {
    name: "resumes a lost lease, whose address was removed",
    record: { ...LEASED, isLost: true },
    addresses: [],
    want: "",
  },
  {
    name: "releases a lease whose address was removed",
    addresses: [],
    want: "address is no longer on the interface",
  },
  {
    name: "releases a lease whose address was replaced",
    addresses: OTHER_ADDRESS,
    want: "address is no longer on the interface",
  },
  {
    name: "releases a lease with a release note",
    isDeleted: true,
    want: "deleted while no daemon was running",
  },
  {
    name: "releases a lease of an earlier boot",
    bootId: "c",
    want: "acquired before the last boot",
  },
  {
    name: "releases a lease without interface",
    addresses: null,
    want: "interface or namespace no longer exists",
  },
  {
    name: "releases an offer",
    record: OFFERED,
    want: "ADD was never answered",
  },
  {
    name: "names the release note first",
    record: OFFERED,
    isDeleted: true,
    bootId: "c",
    addresses: null,
    want: "deleted while no daemon was running",
  },
], ({ record = LEASED, bootId = "b", isDeleted = false, ...row }) => {
  const { addresses = LEASED_ADDRESS, want } = row;
  const decision = decideResume(record, {
    bootId,
    isDeleted,
    addresses: addresses ?? undefined,
  });
  assertEquals(
    decision,
    want === ""
      ? { kind: "resume", record: { ...LEASED, ...record } }
      : { kind: "release", reason: want },
  );
});

const NOW_MS = 5_000_000;

testRows("resumeEvent()", [
  {
    name: "resumes with the link up",
    record: LEASED,
    hasCarrier: true,
    link: "up",
  },
  {
    name: "resumes with the link down",
    record: LEASED,
    hasCarrier: false,
    link: "down",
  },
  {
    name: "treats the link of a lost lease as up: the daemon set it down",
    record: { ...LEASED, isLost: true },
    hasCarrier: false,
    link: "up",
  },
  {
    name: 'trusts the link of a lost lease with onExpiry "keep"',
    record: {
      ...LEASED,
      isLost: true,
      options: { ...LEASED.options, onExpiry: "keep" as const },
    },
    hasCarrier: false,
    link: "down",
  },
], ({ record, hasCarrier, link }) => {
  const event = resumeEvent(record, { hasCarrier }, NOW_MS);
  const { lease } = LEASED.grant;
  const over = { t1Ms: NOW_MS, t2Ms: NOW_MS, expiresMs: NOW_MS };
  assertEquals<unknown>(event, {
    kind: "resume",
    link,
    lease: record.isLost ? { ...lease, ...over } : lease,
  });
});
