import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../../lib/base/errors.ts";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import {
  type LeaseEvent,
  parseLeaseEvent,
  parseWatchLine,
  type WatchLine,
  watchLineToJson,
} from "../../../../lib/dhcp/protocol/lease_event.ts";
import {
  type LeaseReport,
  parseLeaseReport,
} from "../../../../lib/dhcp/protocol/lease_report.ts";
import { testRows } from "../../../support/rows.ts";
import { C1 } from "../daemon/fake_host.ts";

const REPORT: LeaseReport = {
  attachment: C1,
  state: "BOUND",
  netns: "/ns/a",
  ifName: "eth0",
  macAddress: "02:00:5e:10:00:01",
  lease: {
    address: "192.0.2.50/24",
    server: "192.0.2.1",
    startMs: 1000,
    t1Ms: 2000,
    t2Ms: 3000,
    expiresMs: 4000,
  },
  unanswered: 0,
  packets: { sent_discover: 1 },
  lastProblem: { event: "nak-received", reason: "no", atMs: 7 },
};

const EVENT: LeaseEvent = {
  kind: "renewed",
  atMs: 5,
  attachment: C1,
  address: "192.0.2.50/24",
  server: "192.0.2.1",
  expiresMs: 9,
  detail: "changed: dns",
};

function sent(value: unknown): JsonObject {
  return new JsonObject(JSON.parse(JSON.stringify(value)), "message");
}

testRows("parseLeaseReport() reads what was sent:", [
  { name: "a lease", report: REPORT },
  {
    name: "a lease that never ends",
    report: {
      ...REPORT,
      lease: {
        address: "192.0.2.50/24",
        server: "192.0.2.1",
        startMs: 1000,
        t1Ms: Infinity,
        t2Ms: Infinity,
        expiresMs: Infinity,
      },
    },
  },
  {
    name: "the search for one",
    report: { ...REPORT, lease: undefined, lastProblem: undefined },
  },
], ({ report }) => assertEquals(parseLeaseReport(sent(report)), report));

testRows("parseLeaseReport() refuses", [
  { name: "a report without an attachment", report: { state: "BOUND" } },
  { name: "a report without a state", report: { attachment: C1 } },
  {
    name: "counters that are text",
    report: { ...REPORT, packets: { a: "1" } },
  },
  { name: "a time that is text", report: { ...REPORT, lease: { t1Ms: "" } } },
], ({ report }) => {
  assertThrows(() => parseLeaseReport(sent(report)), DecodeError);
});

testRows(
  "parseWatchLine() reads what was sent:",
  [
    { name: "an event", line: { kind: "event", event: EVENT } },
    {
      name: "an event of a lease that never ends",
      line: { kind: "event", event: { ...EVENT, expiresMs: Infinity } },
    },
    { name: "the end", line: { kind: "end", reason: "stopping", missed: 0 } },
    {
      name: "the end for a slow reader",
      line: { kind: "end", reason: "too-slow", missed: 3 },
    },
  ] satisfies { name: string; line: WatchLine }[],
  ({ line }) => {
    assertEquals(parseWatchLine(sent(watchLineToJson(line))), line);
  },
);

Deno.test("parseWatchLine() ignores what it does not know", () => {
  assertEquals(parseWatchLine(sent({})), undefined);
  const event = { ...EVENT, kind: "moved" };
  assertEquals(parseWatchLine(sent({ event })), undefined);
});

Deno.test("parseLeaseEvent() refuses an unknown kind", () => {
  const event = sent({ ...EVENT, kind: "moved" });
  assertThrows(() => parseLeaseEvent(event), DecodeError, 'kind is "moved"');
});
