import { assertEquals } from "@std/assert";
import { leaseFromAck } from "../../../../lib/dhcp/client/lease.ts";
import {
  formatLeaseRecord,
  type LeaseRecord,
  parseLeaseRecord,
} from "../../../../lib/dhcp/daemon/lease_record.ts";
import { hex } from "../../../support/bytes.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../base/thrown.ts";
import { allocate, C1 } from "./fake_host.ts";

function leased(sentMs: number): LeaseRecord["grant"] {
  const result = leaseFromAck(reply("ACK", 7), sentMs);
  if (result.kind === "unusable") throw new Error(result.reason);
  return { kind: "leased", lease: result.lease };
}

const RECORD: LeaseRecord = {
  attachment: C1,
  place: {
    netnsPath: "/var/run/netns/x",
    netns: { device: "0:4", inode: "4026532000" },
    ifName: "eth0",
  },
  identity: {
    htype: 1,
    chaddr: hex("02005e100001"),
    clientIdentifier: hex("0063312f6e65742f65746830"),
  },
  options: allocate().options,
  grant: leased(123_456),
  bootId: "b",
  isLost: false,
  wasSeen: true,
  change: undefined,
};

testRows("parseLeaseRecord() takes what formatLeaseRecord() gives:", [
  { name: "a lease", record: RECORD },
  { name: "a lost lease", record: { ...RECORD, isLost: true } },
  {
    name: "an offer",
    record: {
      ...RECORD,
      grant: {
        kind: "offered",
        offer: { address: ip("192.0.2.50"), server: ip("192.0.2.1") },
      },
    } as LeaseRecord,
  },
], ({ record }) => {
  const text = formatLeaseRecord(record, { address: "for people" });
  assertEquals(parseLeaseRecord(text), record);
});

Deno.test("parseLeaseRecord() refuses every beginning of a record", () => {
  const text = formatLeaseRecord(RECORD);
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
    name: "an ACK that is none",
    change: (json: Record<string, unknown>) => ({
      ...json,
      lease: { sentMs: 1, ack: "0102" },
    }),
    error: "DecodeError",
  },
], ({ change, error }) => {
  const json = change(JSON.parse(formatLeaseRecord(RECORD)));
  const thrown = thrownBy(() => parseLeaseRecord(JSON.stringify(json)));
  assertEquals(thrown?.["name"], error);
});
