import { assertEquals } from "@std/assert";
import type { LeaseRecord } from "../../../../lib/dhcp/daemon/lease_record.ts";
import {
  decideResume,
  resumeEvent,
} from "../../../../lib/dhcp/daemon/resume_policy.ts";
import { testRows } from "../../../support/rows.ts";
import { LEASED, OFFERED } from "./sample_lease.ts";

interface Row {
  readonly name: string;
  readonly record?: LeaseRecord;
  readonly bootId?: string;
  readonly isDeleted?: boolean;
  readonly hasInterface?: boolean;
  /** Why the lease is released; empty: it is resumed. */
  readonly want: string;
}

testRows<Row>("decideResume()", [
  { name: "resumes a lease while its interface exists", want: "" },
  {
    name: "resumes a lease whose address was never on the interface",
    record: { ...LEASED, wasSeen: false },
    want: "",
  },
  {
    name: "resumes a lost lease",
    record: { ...LEASED, isLost: true },
    want: "",
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
    hasInterface: false,
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
    hasInterface: false,
    want: "deleted while no daemon was running",
  },
], ({ record = LEASED, bootId = "b", isDeleted = false, ...row }) => {
  const { hasInterface = true, want } = row;
  const decision = decideResume(record, { bootId, isDeleted, hasInterface });
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
