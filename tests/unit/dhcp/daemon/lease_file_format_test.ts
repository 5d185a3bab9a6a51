import { assertEquals } from "@std/assert";
import type { LeaseRecord } from "../../../../lib/dhcp/daemon/lease_record.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../base/thrown.ts";
import leaseFile from "./lease_file.json" with { type: "json" };
import { LEASED, OFFERED, sampleLease } from "./sample_lease.ts";
import {
  formatLeaseRecord,
  parseLeaseRecord,
} from "../../../../lib/dhcp/daemon/lease_file_format.ts";

const CHANGING: LeaseRecord = {
  ...LEASED,
  change: { from: sampleLease({ options: { 3: "c0000202" } }) },
};

/** The lease file of version 0.1.0, which lacks what was added since. */
const EARLIER: LeaseRecord = {
  ...CHANGING,
  location: { ...LEASED.location, ifIndex: undefined },
  serverMac: undefined,
};

Deno.test("parseLeaseRecord() reads a lease file of version 0.1.0", () => {
  assertEquals(parseLeaseRecord(JSON.stringify(leaseFile)), EARLIER);
});

Deno.test("formatLeaseRecord() writes the lease file of version 0.1.0", () => {
  const text = formatLeaseRecord(EARLIER, { address: "192.0.2.50/24" });
  assertEquals(text, `${JSON.stringify(leaseFile, undefined, 2)}\n`);
});

testRows("parseLeaseRecord() reads what formatLeaseRecord() writes:", [
  { name: "a lease", record: LEASED },
  { name: "a lost lease", record: { ...LEASED, isLost: true } },
  { name: "a lease in the middle of a change", record: CHANGING },
  { name: "an offer", record: OFFERED },
], ({ record }) => {
  const text = formatLeaseRecord(record, { address: "for operators" });
  assertEquals(parseLeaseRecord(text), record);
});

Deno.test("parseLeaseRecord() refuses every truncated record", () => {
  const text = formatLeaseRecord(LEASED);
  for (let length = 0; length < text.length - 1; length++) {
    const thrown = thrownBy(() => parseLeaseRecord(text.slice(0, length)));
    assertEquals(thrown?.["name"], "DecodeError", `length ${length}`);
  }
});

testRows("parseLeaseRecord() refuses", [
  {
    name: "another format",
    change: (json: Record<string, unknown>) => ({ ...json, format: 2 }),
    error: "DecodeError",
  },
  {
    name: "a record without a namespace",
    change: (json: Record<string, unknown>) => ({ ...json, place: {} }),
    error: "DecodeError",
  },
  {
    name: "a record without a lease",
    change: (json: Record<string, unknown>) => ({ ...json, lease: null }),
    error: "DecodeError",
  },
  {
    name: "an ACK that is not a DHCP message",
    change: (json: Record<string, unknown>) => ({
      ...json,
      lease: { sentMs: 1, ack: "0102" },
    }),
    error: "DecodeError",
  },
], ({ change, error }) => {
  const json = change(JSON.parse(formatLeaseRecord(LEASED)));
  const thrown = thrownBy(() => parseLeaseRecord(JSON.stringify(json)));
  assertEquals(thrown?.["name"], error);
});
