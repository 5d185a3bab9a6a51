import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LogFields } from "../../../../lib/base/log_line.ts";
import { Metrics } from "../../../../lib/dhcp/daemon/metrics.ts";
import {
  PacketRate,
  type Urgency,
} from "../../../../lib/dhcp/daemon/packet_rate.ts";
import { testRows } from "../../../support/rows.ts";
import { FakeScheduler } from "./fake_scheduler.ts";

/** A limited sender on a fake clock. */
class Fixture {
  readonly scheduler = new FakeScheduler();
  readonly metrics = new Metrics();
  readonly lines: { event: string; fields: LogFields | undefined }[] = [];
  readonly sent: { readonly name: string; readonly atMs: number }[] = [];
  readonly rate: PacketRate;
  readonly #startMs = this.scheduler.nowMs();

  constructor(limit: number) {
    this.rate = new PacketRate(limit, {
      scheduler: this.scheduler,
      metrics: this.metrics,
      log: (_level, event, fields) => this.lines.push({ event, fields }),
    });
  }

  /** The names of all packets that were sent. */
  get names(): string {
    return this.sent.map(({ name }) => name).join(" ");
  }

  request(urgency: Urgency, name: string = urgency): Disposable | undefined {
    return this.rate.request(urgency, () => {
      const atMs = this.scheduler.nowMs() - this.#startMs;
      this.sent.push({ name, atMs });
    });
  }

  /** Requests packets with the names 0, 1, 2 and so on. */
  many(count: number, urgency: Urgency = "discover"): void {
    for (let i = 0; i < count; i++) this.request(urgency, String(i));
  }
}

Deno.test("PacketRate sends as many packets as the limit at once, and the others in order", async () => {
  const fixture = new Fixture(3);
  fixture.many(7);
  assertEquals(fixture.names, "0 1 2");
  await fixture.scheduler.advance(999);
  assertEquals(fixture.names, "0 1 2");
  await fixture.scheduler.advance(100);
  assertEquals(fixture.names, "0 1 2 3 4 5");
  await fixture.scheduler.advance(2000);
  assertEquals(fixture.names, "0 1 2 3 4 5 6");
});

Deno.test("PacketRate without a limit sends everything at once", () => {
  const fixture = new Fixture(0);
  fixture.many(1000);
  assertEquals(fixture.sent.length, 1000);
  assertEquals(fixture.metrics.toJson(), {});
});

Deno.test("PacketRate sends the most urgent packets first", async () => {
  const fixture = new Fixture(2);
  fixture.many(2);
  for (
    const urgency of ["repeat", "discover", "request", "final"] as const
  ) {
    fixture.request(urgency);
    fixture.request(urgency);
  }
  await fixture.scheduler.advance(10_000);
  assertEquals(
    fixture.names,
    "0 1 final final request request discover discover repeat repeat",
  );
});

Deno.test("PacketRate leaves half of the limit to packets that are no repeats", async () => {
  const fixture = new Fixture(4);
  fixture.many(6, "repeat");
  assertEquals(fixture.names, "0 1");
  fixture.request("discover", "a");
  fixture.request("final", "b");
  assertEquals(fixture.names, "0 1 a b");
  await fixture.scheduler.advance(20_000);
  assertEquals(fixture.names, "0 1 a b 2 3 4 5");
});

Deno.test("PacketRate with a limit of one sends repeats as well", async () => {
  const fixture = new Fixture(1);
  fixture.many(3, "repeat");
  await fixture.scheduler.advance(5000);
  assertEquals(fixture.names, "0 1 2");
});

Deno.test("PacketRate does not send what was withdrawn", async () => {
  const fixture = new Fixture(1);
  fixture.request("discover", "a");
  const turn = fixture.request("discover", "b");
  fixture.request("discover", "c");
  turn?.[Symbol.dispose]();
  await fixture.scheduler.advance(5000);
  assertEquals(fixture.names, "a c");
});

Deno.test("PacketRate.turn() resolves when a packet may be sent", async () => {
  const fixture = new Fixture(1);
  await fixture.rate.turn("final");
  const second = fixture.rate.turn("final").then(() => "sent");
  await fixture.scheduler.advance(900);
  assertEquals(await Promise.race([second, Promise.resolve("waits")]), "waits");
  await fixture.scheduler.advance(200);
  assertEquals(await second, "sent");
});

Deno.test("PacketRate.open() sends what waits, and from then on everything at once", () => {
  const fixture = new Fixture(1);
  fixture.many(5, "final");
  assertEquals(fixture.names, "0");
  fixture.rate.open();
  assertEquals(fixture.names, "0 1 2 3 4");
  fixture.request("final", "x");
  assertEquals(fixture.names, "0 1 2 3 4 x");
});

testRows<{ name: string; urgency: Urgency; want: readonly unknown[] }>(
  "PacketRate logs that packets wait:",
  [
    { name: "not for repeats", urgency: "repeat", want: [] },
    {
      name: "once a minute for others",
      urgency: "discover",
      want: [{ limit: 2, waiting: 1 }, { limit: 2, waiting: 1 }],
    },
  ],
  async ({ urgency, want }) => {
    const fixture = new Fixture(2);
    fixture.many(20, urgency);
    await fixture.scheduler.advance(60_000);
    fixture.many(20, urgency);
    assertEquals(
      fixture.lines,
      want.map((fields) => ({ event: "packets-delayed", fields })),
    );
  },
);

Deno.test("PacketRate counts the packets that wait", () => {
  const fixture = new Fixture(2);
  fixture.many(5);
  assertEquals(fixture.metrics.toJson(), { packets_delayed: 3 });
});

Deno.test("PacketRate continues after a packet that cannot be sent", async () => {
  const fixture = new Fixture(1);
  fixture.request("discover", "a");
  fixture.rate.request("discover", () => {
    throw new RangeError("bug");
  });
  fixture.request("discover", "b");
  let thrown: unknown;
  await fixture.scheduler.advance(5000).catch((error) => thrown = error);
  await fixture.scheduler.advance(5000);
  assertEquals([thrown instanceof RangeError, fixture.names], [true, "a b"]);
});

Deno.test("PacketRate never exceeds the limit in any second, loses nothing and keeps the order", async () => {
  const packet = fc.record({
    pauseMs: fc.oneof(fc.constant(0), fc.nat(700)),
    urgency: fc.constantFrom<Urgency>("final", "request", "discover", "repeat"),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.array(packet, { maxLength: 60 }),
      async (limit, packets) => {
        const fixture = new Fixture(limit);
        for (const [index, { pauseMs, urgency }] of packets.entries()) {
          await fixture.scheduler.advance(pauseMs);
          fixture.request(urgency, `${urgency} ${index}`);
        }
        await fixture.scheduler.advance(200_000);
        const { sent } = fixture;
        assertEquals(sent.length, packets.length);
        for (const [index, { atMs }] of sent.entries()) {
          const later = sent[index + limit]?.atMs ?? Infinity;
          assert(later >= atMs + 1000, `${limit} from ${atMs} to ${later}`);
        }
        for (const urgency of ["final", "request", "discover", "repeat"]) {
          const order = sent.filter(({ name }) => name.startsWith(urgency))
            .map(({ name }) => Number(name.split(" ")[1]));
          assertEquals(order, order.toSorted((a, b) => a - b));
        }
      },
    ),
    { numRuns: 60 },
  );
});
