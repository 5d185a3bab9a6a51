import { assertEquals } from "@std/assert";
import { Metrics } from "../../../../lib/dhcp/daemon/metrics.ts";
import { Outbox, type Outgoing } from "../../../../lib/dhcp/daemon/outbox.ts";
import { PacketRate } from "../../../../lib/dhcp/daemon/packet_rate.ts";
import {
  LIMITED_BROADCAST,
  UNSPECIFIED_ADDRESS,
} from "../../../../lib/net/ipv4_address.ts";
import { FakeScheduler } from "./fake_scheduler.ts";

function messageOf(
  type: Outgoing["type"],
  { xid = 1, isRepeat = false } = {},
): Outgoing {
  return {
    kind: "send",
    type,
    xid,
    isRepeat,
    source: UNSPECIFIED_ADDRESS,
    destination: LIMITED_BROADCAST,
    bytes: new Uint8Array(),
  };
}

/** Outboxes of a daemon that sends one packet a second. */
class Fixture {
  readonly scheduler = new FakeScheduler();
  readonly events: string[] = [];
  readonly rate: PacketRate = new PacketRate(1, {
    scheduler: this.scheduler,
    metrics: new Metrics(),
    log: () => {},
  });

  outbox(name = ""): Outbox {
    return new Outbox({
      rate: this.rate,
      log: (_level, event, fields) =>
        this.events.push(`${name}${event} ${fields?.["type"]}`),
      transmit: ({ type, xid }, isLate) =>
        this.events.push(`${name}${type} ${xid}${isLate ? " late" : ""}`),
    });
  }

  /** Uses up what may be sent at once. */
  busy(): void {
    this.rate.request("final", () => {});
  }
}

Deno.test("Outbox sends a message at once if the daemon may", () => {
  const fixture = new Fixture();
  const outbox = fixture.outbox();
  outbox.send(messageOf("DISCOVER"));
  assertEquals(fixture.events, ["DISCOVER 1"]);
  assertEquals(outbox.isWaiting, false);
});

Deno.test("Outbox sends a message late if the daemon has to wait", async () => {
  const fixture = new Fixture();
  fixture.busy();
  const outbox = fixture.outbox();
  outbox.send(messageOf("DISCOVER"));
  assertEquals([fixture.events, outbox.isWaiting], [[], true]);
  await fixture.scheduler.advance(1100);
  assertEquals(fixture.events, ["DISCOVER 1 late"]);
  assertEquals(outbox.isWaiting, false);
});

Deno.test("a newer message takes the place of the one that waits", async () => {
  const fixture = new Fixture();
  fixture.busy();
  const one = fixture.outbox("one: ");
  const other = fixture.outbox("other: ");
  one.send(messageOf("DISCOVER"));
  other.send(messageOf("DISCOVER"));
  one.send(messageOf("DISCOVER", { xid: 2, isRepeat: true }));
  await fixture.scheduler.advance(5000);
  assertEquals(fixture.events, [
    "one: packet-withdrawn DHCPDISCOVER",
    "one: DISCOVER 2 late",
    "other: DISCOVER 1 late",
  ]);
});

Deno.test("a more urgent message moves ahead of the position of the message that it replaces", async () => {
  const fixture = new Fixture();
  fixture.busy();
  const one = fixture.outbox("one: ");
  const other = fixture.outbox("other: ");
  one.send(messageOf("DISCOVER", { isRepeat: true }));
  other.send(messageOf("DISCOVER"));
  one.send(messageOf("REQUEST", { xid: 2 }));
  await fixture.scheduler.advance(5000);
  assertEquals(fixture.events, [
    "one: packet-withdrawn DHCPDISCOVER",
    "one: REQUEST 2 late",
    "other: DISCOVER 1 late",
  ]);
});

Deno.test("Outbox.withdraw() withdraws the message that waits, but no RELEASE and no DECLINE", async () => {
  const fixture = new Fixture();
  fixture.busy();
  const outbox = fixture.outbox();
  outbox.send(messageOf("DECLINE"));
  outbox.send(messageOf("RELEASE"));
  outbox.send(messageOf("DISCOVER"));
  outbox.withdraw();
  outbox.withdraw();
  await fixture.scheduler.advance(5000);
  assertEquals(fixture.events, [
    "packet-withdrawn DHCPDISCOVER",
    "DECLINE 1 late",
    "RELEASE 1 late",
  ]);
});

Deno.test("Outbox.finalSent resolves once the last RELEASE is sent", async () => {
  const fixture = new Fixture();
  fixture.busy();
  const outbox = fixture.outbox();
  await outbox.finalSent;
  outbox.send(messageOf("RELEASE", { xid: 1 }));
  outbox.send(messageOf("RELEASE", { xid: 2 }));
  await fixture.scheduler.settle(outbox.finalSent);
  assertEquals(fixture.events, ["RELEASE 1 late", "RELEASE 2 late"]);
});
