import { assertEquals } from "@std/assert";
import type { ClientEffect } from "../../../../lib/dhcp/client/event.ts";
import {
  type ClientState,
  INITIAL_STATE,
} from "../../../../lib/dhcp/client/state.ts";
import {
  counterOf,
  eventOf,
} from "../../../../lib/dhcp/daemon/effect_report.ts";
import type { CounterName } from "../../../../lib/dhcp/daemon/metrics.ts";
import type { EventContent } from "../../../../lib/dhcp/daemon/report_lease.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { sampleLease } from "./sample_lease.ts";

const LEASE = sampleLease();
const server = LEASE.serverIdentifier;
const OTHER_ADDRESS = sampleLease({ yiaddr: ip("192.0.2.60") });
const OTHER_VALUES = sampleLease({
  options: { 3: "c0000202", 6: "c0000235" },
});

interface Row {
  readonly name: string;
  readonly effect: ClientEffect;
  /** The state before; BOUND if absent. */
  readonly state?: "BOUND" | "RENEWING" | "REBINDING" | "REBOOTING";
  readonly counter?: CounterName;
  readonly event?: EventContent;
}

const ROWS: readonly Row[] = [
  {
    name: "counts an acquired lease; its event is due once it is stored",
    effect: { kind: "leaseAcquired", lease: LEASE },
    counter: "leases_acquired",
  },
  {
    name: "calls a lease renewed by its server",
    state: "RENEWING",
    effect: { kind: "leaseRenewed", lease: LEASE },
    counter: "leases_renewed",
    event: { kind: "renewed", lease: LEASE },
  },
  {
    name: "calls a lease rebound by any server",
    state: "REBINDING",
    effect: { kind: "leaseRenewed", lease: LEASE },
    counter: "leases_renewed",
    event: { kind: "rebound", lease: LEASE },
  },
  {
    name: "calls a lease rebound after the link came up again",
    state: "REBOOTING",
    effect: { kind: "leaseRenewed", lease: LEASE },
    counter: "leases_renewed",
    event: { kind: "rebound", lease: LEASE },
  },
  {
    name: "names the earlier address",
    state: "RENEWING",
    effect: { kind: "leaseChanged", lease: OTHER_ADDRESS, previous: LEASE },
    counter: "leases_changed",
    event: {
      kind: "address-changed",
      lease: OTHER_ADDRESS,
      detail: "instead of 192.0.2.50/24",
    },
  },
  {
    name: "names the values that a renewal has changed",
    state: "RENEWING",
    effect: { kind: "leaseChanged", lease: OTHER_VALUES, previous: LEASE },
    counter: "leases_changed",
    event: {
      kind: "renewed",
      lease: OTHER_VALUES,
      detail: "changed: gateway, routes, dns",
    },
  },
  {
    name: "names the values that a rebinding has changed",
    state: "REBINDING",
    effect: { kind: "leaseChanged", lease: OTHER_VALUES, previous: LEASE },
    counter: "leases_changed",
    event: {
      kind: "rebound",
      lease: OTHER_VALUES,
      detail: "changed: gateway, routes, dns",
    },
  },
  {
    name: "reports that a lease expired",
    effect: { kind: "leaseLost", lease: LEASE, reason: "expired", message: "" },
    counter: "leases_lost_expired",
    event: { kind: "expired", lease: LEASE, detail: "" },
  },
  {
    name: "reports that the server refused a lease, with its text",
    effect: { kind: "leaseLost", lease: LEASE, reason: "nak", message: "no" },
    counter: "leases_lost_nak",
    event: { kind: "refused", lease: LEASE, detail: "no" },
  },
  {
    name: "reports a renewal that was not answered, and the lease, which stays",
    effect: {
      kind: "renewalFailed",
      failure: { kind: "no-ack", address: LEASE.address, server, requests: 2 },
    },
    event: {
      kind: "failed",
      lease: LEASE,
      detail:
        "no DHCPACK received from 192.0.2.1: 2 DHCPREQUESTs for 192.0.2.50 unanswered",
    },
  },
  {
    name: "has nothing on a failed acquisition: the client reports it",
    effect: { kind: "failed", failure: { kind: "link-down" } },
  },
  {
    name: "has nothing on a timer",
    effect: { kind: "setTimer", atMs: undefined },
  },
];

testRows("the report of an effect", ROWS, (row) => {
  const { effect, state = "BOUND", counter, event } = row;
  const { link, restarts } = INITIAL_STATE;
  const after: ClientState = { state: "BOUND", lease: LEASE, link, restarts };
  const before = { ...after, state } as ClientState;
  assertEquals(counterOf(effect), counter);
  assertEquals(eventOf(effect, { before, after }), event);
});
