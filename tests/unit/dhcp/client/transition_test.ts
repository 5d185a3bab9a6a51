import { assertEquals } from "@std/assert";
import type { ClientEvent } from "../../../../lib/dhcp/client/event.ts";
import type { DhcpMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import { wakeAtMs } from "../../../../lib/dhcp/client/state.ts";
import type { ClientDriver } from "../../../support/client_driver.ts";
import {
  ADDRESS,
  clientIn,
  type ClientStateName,
  HELD,
  lease,
  LEASE_MS,
  XID,
} from "../../../support/client_states.ts";
import { ip, reply, settings } from "../../../support/dhcp_messages.ts";

type Act = (client: ClientDriver) => unknown;

const event = (given: ClientEvent): Act => (client) => client.event(given);
const packet = (message: DhcpMessage): Act => (client) =>
  client.receive(message);
/** Lets time pass without the timer, which then comes late. */
const late = (ms: number): Act => (client) => {
  client.nowMs += ms;
  client.timerMs = undefined;
  client.event({ kind: "timer" });
};
const resume = (link: "up" | "down", ageMs = 0): Act => (client) =>
  client.event({ kind: "resume", link, lease: lease(client.nowMs - ageMs) });
const noMask = { options: { 1: undefined } };

const ACTS = {
  start: event({ kind: "start", link: "up" }),
  "start, link down": event({ kind: "start", link: "down" }),
  "start, held": event({ kind: "start", link: "up", held: HELD }),
  resume: resume("up"),
  "resume, link down": resume("down"),
  "resume an expired lease": resume("up", LEASE_MS),
  "resume an expired lease, link down": resume("down", LEASE_MS),
  OFFER: packet(reply("OFFER", XID)),
  ACK: packet(reply("ACK", XID)),
  "ACK, other router": packet(
    reply("ACK", XID, { options: { 3: "c0000202" } }),
  ),
  "ACK, no mask": packet(reply("ACK", XID, noMask)),
  "ACK, bad mask": packet(reply("ACK", XID, { options: { 1: "ff00ff00" } })),
  "ACK, other server": packet(
    reply("ACK", XID, { options: { 54: "c0000209" } }),
  ),
  "ACK, other address": packet(
    reply("ACK", XID, { yiaddr: ip("192.0.2.60") }),
  ),
  "ACK, other server and address": packet(
    reply("ACK", XID, {
      yiaddr: ip("192.0.2.60"),
      options: { 54: "c0000209" },
    }),
  ),
  NAK: packet(reply("NAK", XID)),
  "NAK, other server": packet(
    reply("NAK", XID, { options: { 54: "c0000209" } }),
  ),
  "early timer": (client: ClientDriver): unknown => {
    client.timerMs = undefined;
    return client.event({ kind: "timer" });
  },
  timer: (client: ClientDriver): unknown =>
    client.advance((client.timerMs ?? 0) - client.nowMs),
  "10 s": (client: ClientDriver): unknown => client.advance(10_000),
  "deadline, late": late(208_000),
  "T2, late": late(LEASE_MS * 7 / 8),
  "expiry, late": late(LEASE_MS),
  "stop, release": event({ kind: "stop", release: true }),
  stop: event({ kind: "stop", release: false }),
  linkDown: event({ kind: "linkDown" }),
  linkUp: event({ kind: "linkUp" }),
  conflict: event({ kind: "conflict" }),
  renew: event({ kind: "renew" }),
} satisfies Record<string, Act>;

type ActName = keyof typeof ACTS;
/** The state after the event, then the effects. */
type Want = readonly [state: string, ...effects: string[]];

/** Every event in every state. An event that is not listed has no effect. */
const TABLE: Record<ClientStateName, Partial<Record<ActName, Want>>> = {
  STOPPED: {
    linkDown: ["STOPPED"],
    start: ["SELECTING", "DISCOVER"],
    "start, link down": ["INIT"],
    "start, held": ["REBOOTING", "REQUEST"],
    resume: ["BOUND"],
    "resume, link down": ["BOUND"],
    "resume an expired lease": ["SELECTING", "leaseLost expired", "DISCOVER"],
    "resume an expired lease, link down": ["INIT", "leaseLost expired"],
  },
  "INIT (pause)": {
    timer: ["SELECTING", "DISCOVER"],
    "10 s": ["SELECTING", ...new Array<string>(6).fill("DISCOVER")],
    "deadline, late": ["STOPPED", "RELEASE", "failed no-ack"],
    "T2, late": ["STOPPED", "RELEASE", "failed no-ack"],
    "expiry, late": ["STOPPED", "RELEASE", "failed no-ack"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkDown: ["INIT"],
  },
  "INIT (link down)": {
    timer: ["STOPPED", "failed link-down"],
    "deadline, late": ["STOPPED", "failed link-down"],
    "T2, late": ["STOPPED", "failed link-down"],
    "expiry, late": ["STOPPED", "failed link-down"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED"],
    linkUp: ["SELECTING", "DISCOVER"],
  },
  SELECTING: {
    OFFER: ["REQUESTING", "offerAccepted", "REQUEST"],
    // Not what the client asked for: only recorded for the error message.
    ACK: ["SELECTING"],
    "ACK, other router": ["SELECTING"],
    "ACK, no mask": ["SELECTING"],
    "ACK, bad mask": ["SELECTING"],
    "ACK, other server": ["SELECTING"],
    "ACK, other address": ["SELECTING"],
    "ACK, other server and address": ["SELECTING"],
    NAK: ["SELECTING"],
    "NAK, other server": ["SELECTING"],
    timer: ["SELECTING", "DISCOVER"],
    "10 s": ["SELECTING", ...new Array<string>(5).fill("DISCOVER")],
    "deadline, late": ["STOPPED", "failed no-offer"],
    "T2, late": ["STOPPED", "failed no-offer"],
    "expiry, late": ["STOPPED", "failed no-offer"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED"],
    linkDown: ["INIT"],
  },
  REQUESTING: {
    ACK: ["BOUND", "leaseAcquired"],
    "ACK, other router": ["BOUND", "leaseAcquired"],
    // The OFFER had one.
    "ACK, no mask": ["BOUND", "leaseAcquired"],
    "ACK, bad mask": ["STOPPED", "RELEASE", "failed unusable-ack"],
    "ACK, other address": ["STOPPED", "RELEASE", "failed unusable-ack"],
    NAK: ["SELECTING", "DISCOVER"],
    timer: ["REQUESTING", "REQUEST"],
    "10 s": ["INIT", ...new Array<string>(8).fill("REQUEST")],
    "deadline, late": ["STOPPED", "RELEASE", "failed no-ack"],
    "T2, late": ["STOPPED", "RELEASE", "failed no-ack"],
    "expiry, late": ["STOPPED", "RELEASE", "failed no-ack"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkDown: ["INIT"],
  },
  PROBING: {
    timer: ["BOUND", "leaseAcquired"],
    "10 s": ["BOUND", "leaseAcquired"],
    "deadline, late": ["BOUND", "leaseAcquired"],
    "T2, late": ["REBINDING", "leaseAcquired", "REQUEST"],
    "expiry, late": [
      "SELECTING",
      "leaseAcquired",
      "leaseLost expired",
      "DISCOVER",
    ],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkDown: ["INIT-REBOOT"],
    conflict: ["INIT", "DECLINE"],
  },
  BOUND: {
    timer: ["RENEWING", "REQUEST"],
    "T2, late": ["REBINDING", "REQUEST"],
    "expiry, late": ["SELECTING", "leaseLost expired", "DISCOVER"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkDown: ["BOUND"],
    renew: ["RENEWING", "REQUEST"],
  },
  "BOUND (link down)": {
    timer: ["RENEWING", "REQUEST"],
    "T2, late": ["REBINDING", "REQUEST"],
    "expiry, late": ["INIT", "leaseLost expired"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkUp: ["REBOOTING", "REQUEST"],
    renew: ["RENEWING", "REQUEST"],
  },
  RENEWING: {
    ACK: ["BOUND", "leaseRenewed"],
    "ACK, no mask": ["BOUND", "leaseRenewed"],
    "ACK, bad mask": ["BOUND", "leaseRenewed"],
    "ACK, other router": ["BOUND", "leaseChanged"],
    "ACK, other address": ["BOUND", "leaseChanged"],
    // It has received the REQUEST from the server of the lease.
    "ACK, other server": ["BOUND", "leaseRenewed"],
    // Only recorded, so that it is logged once.
    "ACK, other server and address": ["RENEWING"],
    NAK: ["SELECTING", "leaseLost nak", "DISCOVER"],
    timer: ["RENEWING", "REQUEST"],
    "10 s": ["RENEWING", "REQUEST"],
    "deadline, late": ["RENEWING", "REQUEST"],
    "T2, late": ["SELECTING", "leaseLost expired", "DISCOVER"],
    "expiry, late": ["SELECTING", "leaseLost expired", "DISCOVER"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkDown: ["RENEWING"],
    renew: ["RENEWING", "REQUEST"],
  },
  REBINDING: {
    ACK: ["BOUND", "leaseRenewed"],
    "ACK, no mask": ["BOUND", "leaseRenewed"],
    "ACK, bad mask": ["BOUND", "leaseRenewed"],
    "ACK, other router": ["BOUND", "leaseChanged"],
    "ACK, other address": ["BOUND", "leaseChanged"],
    "ACK, other server": ["BOUND", "leaseRenewed"],
    // Only recorded, so that it is logged once.
    "ACK, other server and address": ["REBINDING"],
    NAK: ["SELECTING", "leaseLost nak", "DISCOVER"],
    "NAK, other server": ["SELECTING", "leaseLost nak", "DISCOVER"],
    timer: ["REBINDING", "REQUEST"],
    "10 s": ["REBINDING", "REQUEST"],
    "deadline, late": ["REBINDING", "REQUEST"],
    "T2, late": ["SELECTING", "leaseLost expired", "DISCOVER"],
    "expiry, late": ["SELECTING", "leaseLost expired", "DISCOVER"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkDown: ["REBINDING"],
    renew: ["REBINDING", "REQUEST"],
  },
  "INIT-REBOOT (link down)": {
    timer: ["STOPPED", "RELEASE", "failed link-down"],
    "deadline, late": ["STOPPED", "RELEASE", "failed link-down"],
    "T2, late": ["STOPPED", "RELEASE", "failed link-down"],
    "expiry, late": ["STOPPED", "RELEASE", "failed link-down"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkUp: ["REBOOTING", "REQUEST"],
  },
  "INIT-REBOOT (link down, lease)": {
    timer: ["INIT", "leaseLost expired"],
    "expiry, late": ["INIT", "leaseLost expired"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkUp: ["REBOOTING", "REQUEST"],
  },
  REBOOTING: {
    ACK: ["BOUND", "leaseAcquired"],
    "ACK, other router": ["BOUND", "leaseAcquired"],
    "ACK, other server": ["BOUND", "leaseAcquired"],
    "ACK, no mask": ["STOPPED", "RELEASE", "failed unusable-ack"],
    "ACK, bad mask": ["STOPPED", "RELEASE", "failed unusable-ack"],
    "ACK, other address": ["STOPPED", "RELEASE", "failed unusable-ack"],
    "ACK, other server and address": [
      "STOPPED",
      "RELEASE",
      "failed unusable-ack",
    ],
    NAK: ["SELECTING", "DISCOVER"],
    "NAK, other server": ["SELECTING", "DISCOVER"],
    timer: ["REBOOTING", "REQUEST"],
    "10 s": [
      "SELECTING",
      ...new Array<string>(3).fill("REQUEST"),
      ...new Array<string>(5).fill("DISCOVER"),
    ],
    "deadline, late": ["STOPPED", "RELEASE", "failed no-offer"],
    "T2, late": ["STOPPED", "RELEASE", "failed no-offer"],
    "expiry, late": ["STOPPED", "RELEASE", "failed no-offer"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkDown: ["INIT-REBOOT"],
  },
  "REBOOTING (lease)": {
    ACK: ["BOUND", "leaseRenewed"],
    "ACK, no mask": ["BOUND", "leaseRenewed"],
    "ACK, other router": ["BOUND", "leaseChanged"],
    "ACK, other server": ["BOUND", "leaseRenewed"],
    "ACK, bad mask": ["REBOOTING"],
    "ACK, other address": ["REBOOTING"],
    "ACK, other server and address": ["REBOOTING"],
    // The second restart in a row, after the one for the link: it waits for a second.
    NAK: ["INIT", "leaseLost nak"],
    "NAK, other server": ["INIT", "leaseLost nak"],
    timer: ["REBOOTING", "REQUEST"],
    "10 s": ["BOUND", ...new Array<string>(3).fill("REQUEST")],
    "deadline, late": ["BOUND"],
    "T2, late": ["REBINDING", "REQUEST"],
    "expiry, late": ["SELECTING", "leaseLost expired", "DISCOVER"],
    stop: ["STOPPED"],
    "stop, release": ["STOPPED", "RELEASE"],
    linkDown: ["INIT-REBOOT"],
  },
};

for (const [name, wants] of Object.entries(TABLE)) {
  for (const [act, perform] of Object.entries(ACTS)) {
    const isListed = Object.hasOwn(wants, act);
    const [state, ...effects] = wants[act as ActName] ?? [];
    Deno.test(`transition() ${name}: ${act} ${isListed ? `leads to ${state}` : "has no effect"}`, () => {
      const client = clientIn(name as ClientStateName);
      const before = client.state;
      const done = client.summary().length;
      perform(client);
      const got = [client.state.state, ...client.summary().slice(done)];
      assertEquals(got, [state ?? before.state, ...effects]);
      if (!isListed) assertEquals(client.state, before);
      // The last timer that was set is the one that the state needs.
      const wake = wakeAtMs(client.state);
      assertEquals(client.timerMs, wake === Infinity ? undefined : wake);
    });
  }
}

Deno.test("transition() logs a renewal without a change in one line above debug", () => {
  const client = clientIn("BOUND");
  const before = client.of("log").length;
  client.advance(LEASE_MS / 2).receive(reply("ACK", XID));
  const lines = client.of("log").slice(before);
  assertEquals(lines.map(({ level, event }) => `${level} ${event}`), [
    "debug state-changed",
    "debug state-changed",
    "info lease-renewed",
  ]);
});

Deno.test("transition() logs at info that a server does not renew", () => {
  const client = clientIn("REBINDING");
  const [last] = client.of("log").slice(-1);
  assertEquals([last?.level, last?.fields], [
    "info",
    { from: "RENEWING", to: "REBINDING" },
  ]);
});

Deno.test("transition() logs each change of state in one line", () => {
  const client = clientIn("BOUND");
  const changes = client.of("log").filter(({ event }) =>
    event === "state-changed"
  );
  assertEquals(changes.map(({ fields }) => fields), [
    { from: "STOPPED", to: "SELECTING" },
    { from: "SELECTING", to: "REQUESTING" },
    { from: "REQUESTING", to: "BOUND" },
  ]);
});

Deno.test("transition() to PROBING probes the address for probeMs", () => {
  const client = clientIn("PROBING");
  const [probe] = client.of("probe");
  assertEquals([probe?.address, probe?.durationMs], [ADDRESS, 500]);
  assertEquals(client.of("leaseAcquired"), []);
});

Deno.test("transition() does not probe an address that is already in use", () => {
  const client = clientIn("RENEWING", settings({ timings: { probeMs: 0 } }));
  client.receive(reply("ACK", XID));
  assertEquals(client.of("probe"), []);
});
