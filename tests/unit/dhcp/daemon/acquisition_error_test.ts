import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import {
  AcquisitionError,
  type AcquisitionFailure,
  acquisitionFailure,
  isCancelled,
  reportError,
  reportFailure,
} from "../../../../lib/dhcp/daemon/acquisition_error.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";

const server = ip("192.0.2.1");
const address = ip("192.0.2.50");

interface Row {
  readonly name: string;
  readonly failure: AcquisitionFailure;
  readonly code: number;
  readonly message: string;
  readonly details?: string;
}

testRows<Row>("reportFailure()", [
  {
    name: "link-down: try again later",
    failure: { kind: "link-down" },
    code: 11,
    message: "link is down: no DHCPDISCOVER could be sent",
  },
  {
    name: "no-offer: try again later",
    failure: { kind: "no-offer", discovers: 9 },
    code: 11,
    message: "no DHCPOFFER received: 9 DHCPDISCOVERs unanswered",
  },
  {
    name: "no-ack: try again later",
    failure: { kind: "no-ack", address, server, requests: 2 },
    code: 11,
    message:
      "no DHCPACK received from 192.0.2.1: 2 DHCPREQUESTs for 192.0.2.50 unanswered",
  },
  {
    name: "offer-refused",
    failure: { kind: "offer-refused", discovers: 1, reason: "no address" },
    code: 999,
    message: "no usable DHCPOFFER received for 1 DHCPDISCOVERs: no address",
  },
  {
    name: "nak",
    failure: { kind: "nak", server, message: "" },
    code: 999,
    message: "DHCPNAK received from 192.0.2.1",
  },
  {
    name: "unusable-ack",
    failure: { kind: "unusable-ack", server, reason: "no mask" },
    code: 999,
    message: "DHCPACK from 192.0.2.1 cannot be used: no mask",
  },
  {
    name: "conflict",
    failure: { kind: "conflict", address },
    code: 999,
    message: "address 192.0.2.50 is already in use by another host",
  },
  {
    name: "delayed: as without the delay",
    failure: { kind: "delayed", failure: { kind: "no-offer", discovers: 1 } },
    code: 11,
    message:
      "no DHCPOFFER received: 1 DHCPDISCOVERs unanswered, and another message is waiting because of -packetrate",
  },
  {
    name: "interface-gone",
    failure: { kind: "interface-gone" },
    code: 999,
    message: "the interface was removed while a lease was being acquired",
  },
  {
    name: "cancelled: try again later",
    failure: { kind: "cancelled" },
    code: 11,
    message:
      "cancelled: DEL received for this attachment, caller disconnected, or daemon shutting down",
  },
  {
    name: "not-sent: an I/O failure, with its advice",
    failure: {
      kind: "not-sent",
      error: new SystemError("socket: refused", { advice: "allow it" }),
    },
    code: 5,
    message: "cannot send DHCP messages: socket: refused",
    details: "allow it",
  },
  {
    name: "not-stored: an I/O failure, with its advice",
    failure: {
      kind: "not-stored",
      error: new SystemError("write x: no space", { advice: "free some" }),
    },
    code: 5,
    message: "cannot store the lease, so it was released: write x: no space",
    details: "free some",
  },
], ({ failure, code, message, details = "" }) => {
  const error = reportFailure(failure);
  assertEquals([error.code, error.message], [code, message]);
  assertEquals(error.details, details);
});

Deno.test("reportError() reports an AcquisitionError and returns any other error", () => {
  const failed = new AcquisitionError({ kind: "interface-gone" });
  assertEquals(
    String(reportError(failed)),
    String(reportFailure({ kind: "interface-gone" })),
  );
  const other = new SystemError("open x: permission denied");
  assertEquals(reportError(other), other);
});

const NO_OFFER = { kind: "no-offer", discovers: 1 } as const;
const UNREACHABLE = new SystemError("sendto: network is unreachable");

testRows("acquisitionFailure()", [
  {
    name: "is the failure of the state machine",
    unsentReason: undefined,
    isWaiting: false,
    want: NO_OFFER,
  },
  {
    name: "says that a message still waits for its turn",
    unsentReason: undefined,
    isWaiting: true,
    want: { kind: "delayed", failure: NO_OFFER } as const,
  },
  {
    name: "says why no message was sent",
    unsentReason: UNREACHABLE,
    isWaiting: true,
    want: { kind: "not-sent", error: UNREACHABLE } as const,
  },
], ({ want, ...socket }) => {
  assertEquals(acquisitionFailure(NO_OFFER, socket), want);
});

testRows("isCancelled()", [
  {
    name: "recognizes a cancelled acquisition",
    error: new AcquisitionError({ kind: "cancelled" }),
    want: true,
  },
  {
    name: "rejects any other failure",
    error: new AcquisitionError({ kind: "link-down" }),
    want: false,
  },
  {
    name: "rejects any other error",
    error: new SystemError("cancelled"),
    want: false,
  },
], ({ error, want }) => {
  assertEquals(isCancelled(error), want);
});
