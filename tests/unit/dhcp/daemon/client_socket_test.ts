import { assertEquals } from "@std/assert";
import { encodeMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import type { ClientEffect } from "../../../../lib/dhcp/client/event.ts";
import {
  answerDueMs,
  ClientSocket,
  type SendOutcome,
} from "../../../../lib/dhcp/daemon/client_socket.ts";
import type { Log } from "../../../../lib/base/log_line.ts";
import { PacketRate } from "../../../../lib/dhcp/daemon/packet_rate.ts";
import { SendRefusedError } from "../../../../lib/dhcp/daemon/ports.ts";
import { Metrics } from "../../../../lib/dhcp/daemon/metrics.ts";
import {
  LIMITED_BROADCAST,
  UNSPECIFIED_ADDRESS,
} from "../../../../lib/net/ipv4_address.ts";
import {
  clientIn,
  type ClientStateName,
} from "../../../support/client_states.ts";
import { ip, message, reply } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import {
  type FakeInterface,
  FakeInterfaces,
  SERVER_MAC,
} from "./fake_interface.ts";
import { FakeScheduler } from "./fake_scheduler.ts";

const XID = 7;

testRows<{ name: string; state: ClientStateName; want: number | undefined }>(
  "answerDueMs()",
  [
    {
      name: "waits without limit in SELECTING",
      state: "SELECTING",
      want: Infinity,
    },
    {
      name: "waits without limit in REQUESTING",
      state: "REQUESTING",
      want: Infinity,
    },
    {
      name: "waits without limit in REBOOTING",
      state: "REBOOTING",
      want: Infinity,
    },
    {
      name: "waits ten seconds in RENEWING",
      state: "RENEWING",
      want: 1_000_000 + 1_800_000 + 10_000,
    },
    {
      name: "waits ten seconds in REBINDING",
      state: "REBINDING",
      want: 1_000_000 + 3_150_000 + 10_000,
    },
    { name: "expects nothing in STOPPED", state: "STOPPED", want: undefined },
    { name: "expects nothing in INIT", state: "INIT (pause)", want: undefined },
    { name: "expects nothing in PROBING", state: "PROBING", want: undefined },
    { name: "expects nothing in BOUND", state: "BOUND", want: undefined },
    {
      name: "expects nothing in INIT-REBOOT",
      state: "INIT-REBOOT (link down)",
      want: undefined,
    },
  ],
  ({ state, want }) => {
    assertEquals(answerDueMs(clientIn(state).state), want);
  },
);

/** A client socket on a fake interface. */
class Fixture {
  readonly scheduler = new FakeScheduler();
  readonly attached: FakeInterface = new FakeInterfaces({
    scheduler: this.scheduler,
    onSend: () => {},
  }).add("/ns/a", "1");
  readonly metrics = new Metrics();
  readonly events: string[] = [];
  readonly received: number[] = [];
  readonly rate: PacketRate;
  outcome: SendOutcome | undefined;
  readonly socket: ClientSocket;

  constructor({ packetRate = 0 } = {}) {
    const { scheduler, attached, metrics } = this;
    const log: Log = (_level, event) => this.events.push(event);
    this.rate = new PacketRate(packetRate, { scheduler, metrics, log });
    this.socket = new ClientSocket({
      attached,
      scheduler,
      metrics,
      log,
      rate: this.rate,
      onSent: (_message, outcome) => this.outcome = outcome,
      onReadable: () => {
        for (const { message } of this.socket.receive()) {
          this.received.push(message.xid);
        }
      },
      onConflict: () => this.events.push("conflict"),
    });
  }

  /** @returns What became of the message; undefined if it waits. */
  send(
    type: "DISCOVER" | "RELEASE" = "DISCOVER",
  ): SendOutcome | undefined {
    this.outcome = undefined;
    const effect: Extract<ClientEffect, { kind: "send" }> = {
      kind: "send",
      type,
      xid: XID,
      isRepeat: false,
      source: UNSPECIFIED_ADDRESS,
      destination: LIMITED_BROADCAST,
      bytes: encodeMessage(message({ xid: XID })),
    };
    this.socket.send(effect);
    return this.outcome;
  }
}

Deno.test("ClientSocket sends, receives and counts", () => {
  const fixture = new Fixture();
  const { attached, events, metrics } = fixture;
  assertEquals(attached.openSockets, 0);
  assertEquals(fixture.send(), { kind: "sent" });
  assertEquals(attached.openSockets, 1);
  attached.deliver(reply("OFFER", XID));
  assertEquals(fixture.received, [XID]);
  assertEquals(events, ["packet-sent", "packet-received"]);
  assertEquals(metrics.toJson(), { received_offer: 1, sent_discover: 1 });
});

Deno.test("ClientSocket drops and counts a malformed packet", () => {
  const fixture = new Fixture();
  const { attached, events, metrics } = fixture;
  fixture.send();
  attached.deliverMalformed();
  attached.deliver(reply("OFFER", XID));
  assertEquals(fixture.received, [XID]);
  assertEquals(events.slice(1), ["packet-dropped", "packet-received"]);
  assertEquals(metrics.toJson()["dropped_malformed"], 1);
});

Deno.test("ClientSocket passes the hardware address of the last server to the next socket", () => {
  const fixture = new Fixture();
  fixture.send();
  fixture.attached.deliver(reply("OFFER", XID));
  fixture.socket.close();
  fixture.send();
  assertEquals(fixture.attached.servers, [undefined, SERVER_MAC]);
});

Deno.test("ClientSocket.receive() returns nothing without an open socket", () => {
  const fixture = new Fixture();
  assertEquals([...fixture.socket.receive()], []);
});

Deno.test("ClientSocket.send() logs what the operating system refuses, and sends again later", () => {
  const fixture = new Fixture();
  fixture.attached.set({ isUp: false });
  assertEquals(fixture.send(), { kind: "failed" });
  assertEquals(fixture.events, ["send-failed"]);
  assertEquals(fixture.metrics.toJson(), { send_errors: 1 });
  assertEquals(fixture.socket.unsentReason?.message, "network is down");
  fixture.attached.set({ isUp: true });
  assertEquals(fixture.send(), { kind: "sent" });
  assertEquals(fixture.events, ["send-failed", "packet-sent"]);
  assertEquals(fixture.metrics.toJson()["send_errors"], 1);
  assertEquals(fixture.socket.unsentReason, undefined);
});

Deno.test("ClientSocket.send() returns the error if no message may be sent", () => {
  const fixture = new Fixture();
  const error = new SendRefusedError("socket: operation not permitted");
  fixture.attached.sendError = error;
  assertEquals(fixture.send(), { kind: "refused", error });
  assertEquals(fixture.events, ["send-failed"]);
});

Deno.test("ClientSocket.send() reports that the interface is gone", () => {
  const fixture = new Fixture();
  fixture.attached.remove();
  assertEquals(fixture.send(), { kind: "gone" });
});

Deno.test("ClientSocket waits for its turn, and then as long for the answer", async () => {
  const fixture = new Fixture({ packetRate: 1 });
  await fixture.rate.turn("final");
  fixture.send();
  fixture.socket.closeAt(fixture.scheduler.nowMs() + 100);
  await fixture.scheduler.advance(1000);
  assertEquals(fixture.attached.openSockets, 0);
  await fixture.scheduler.advance(50);
  assertEquals(fixture.events.slice(-1), ["packet-sent"]);
  await fixture.scheduler.advance(99);
  assertEquals(fixture.attached.openSockets, 1);
  await fixture.scheduler.advance(1);
  assertEquals(fixture.attached.openSockets, 0);
});

Deno.test("ClientSocket.close() withdraws a message that waits", async () => {
  const fixture = new Fixture({ packetRate: 1 });
  await fixture.rate.turn("final");
  fixture.send();
  fixture.socket.close();
  await fixture.scheduler.advance(5000);
  assertEquals(fixture.events, ["packets-delayed", "packet-withdrawn"]);
});

testRows<{ name: string; end: (socket: ClientSocket) => void }>(
  "ClientSocket sends a RELEASE that waits, and closes then, after",
  [
    { name: "close()", end: (socket) => socket.close() },
    { name: "its disposal", end: (socket) => socket[Symbol.dispose]() },
  ],
  async ({ end }) => {
    const fixture = new Fixture({ packetRate: 1 });
    await fixture.rate.turn("final");
    fixture.send("RELEASE");
    end(fixture.socket);
    await fixture.scheduler.advance(5000);
    assertEquals(fixture.events, ["packets-delayed", "packet-sent"]);
    assertEquals(fixture.attached.openSockets, 0);
  },
);

Deno.test("ClientSocket.flushed() waits for the turn of a RELEASE", async () => {
  const fixture = new Fixture({ packetRate: 1 });
  await fixture.rate.turn("final");
  fixture.send("RELEASE");
  await fixture.scheduler.settle(fixture.socket.flushed(500));
  assertEquals(fixture.metrics.toJson()["sent_release"], 1);
  assertEquals(fixture.attached.openSockets, 1);
});

Deno.test("ClientSocket.closeAt() closes the socket at that time", async () => {
  const fixture = new Fixture();
  fixture.send();
  fixture.socket.closeAt(fixture.scheduler.nowMs() + 100);
  await fixture.scheduler.advance(99);
  assertEquals(fixture.attached.openSockets, 1);
  await fixture.scheduler.advance(1);
  assertEquals(fixture.attached.openSockets, 0);
});

Deno.test("ClientSocket.flushed() keeps the socket open beyond closeAt()", async () => {
  const fixture = new Fixture();
  fixture.attached.flushMs = 500;
  fixture.send();
  fixture.socket.closeAt(fixture.scheduler.nowMs() + 100);
  const flushed = fixture.socket.flushed(500);
  await fixture.scheduler.advance(499);
  assertEquals(fixture.attached.openSockets, 1);
  await fixture.scheduler.settle(flushed);
});

Deno.test("ClientSocket.probe() reports a conflict until the probe ends", async () => {
  const fixture = new Fixture();
  const probe = { kind: "probe", durationMs: 10 } as const;
  fixture.socket.probe({ ...probe, address: ip("192.0.2.1") });
  await fixture.scheduler.advance(10);
  assertEquals(fixture.events, ["conflict"]);
  fixture.socket.probe({ ...probe, address: ip("192.0.2.1") });
  fixture.socket.endProbe();
  await fixture.scheduler.advance(10);
  assertEquals(fixture.events, ["conflict"]);
});
