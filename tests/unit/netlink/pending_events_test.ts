import { assertEquals } from "@std/assert";
import { PendingEvents } from "../../../lib/netlink/pending_events.ts";

/** Pending events, with a clock that a test sets, and what their listeners received. */
class Recorder {
  readonly events = new PendingEvents();
  nowMs = 1000;
  /** When to deliver again, from now. */
  nextMs = Infinity;
  #received: string[] = [];

  /** Listens to interface `ifIndex` in namespace `netnsId`. */
  listen(netnsId: number, ifIndex: number): Disposable {
    return this.events.listen(netnsId, ifIndex, (event) => {
      this.#received.push(`${netnsId}/${ifIndex} ${event}`);
    });
  }

  /** Delivers, `afterMs` after the last time. @returns What was received. */
  deliver(afterMs = 0): string[] {
    this.nowMs += afterMs;
    this.#received = [];
    const nextMs = this.events.deliver(this.nowMs, (body) => body());
    this.nextMs = nextMs - this.nowMs;
    return this.#received;
  }

  /** Adds a change of 1/2 and delivers. */
  change(afterMs = 0): string[] {
    this.events.add(1, 2, "changed");
    return this.deliver(afterMs);
  }
}

Deno.test("PendingEvents delivers a burst at once, then 10 events a second, and always the last", () => {
  const recorder = new Recorder();
  recorder.listen(1, 2);
  const first = Array.from({ length: 8 }, () => recorder.change());
  assertEquals(first, Array(8).fill(["1/2 changed"]));
  assertEquals([recorder.change(), recorder.nextMs], [[], 100]);
  assertEquals([recorder.change(60), recorder.nextMs], [[], 40]);
  assertEquals([recorder.deliver(40), recorder.nextMs], [
    ["1/2 changed"],
    Infinity,
  ]);
  assertEquals([recorder.deliver(1000), recorder.nextMs], [[], Infinity]);
});

Deno.test("PendingEvents merges the events of one interface into the latest", () => {
  const recorder = new Recorder();
  recorder.listen(1, 2);
  recorder.events.add(1, 2, "changed");
  recorder.events.add(1, 2, "removed");
  assertEquals([recorder.deliver(), recorder.deliver()], [["1/2 removed"], []]);
});

Deno.test("PendingEvents remembers that an interface was down until it delivers that", () => {
  const recorder = new Recorder();
  recorder.listen(1, 2);
  recorder.events.add(1, 2, "changed");
  recorder.events.add(1, 2, "set-down");
  recorder.events.add(1, 2, "changed");
  assertEquals(recorder.deliver(), ["1/2 set-down"]);
  assertEquals(recorder.change(), ["1/2 changed"]);
  recorder.events.add(1, 2, "set-down");
  recorder.events.add(1, 2, "removed");
  assertEquals(recorder.deliver(), ["1/2 removed"]);
});

Deno.test("PendingEvents limits each interface on its own", () => {
  const recorder = new Recorder();
  recorder.listen(1, 2);
  recorder.listen(1, 3);
  for (let count = 0; count < 20; count++) recorder.change();
  recorder.events.add(1, 3, "changed");
  assertEquals([recorder.deliver(), recorder.nextMs], [["1/3 changed"], 100]);
});

Deno.test("PendingEvents delivers at most 16 events per call", () => {
  const recorder = new Recorder();
  for (let ifIndex = 1; ifIndex <= 40; ifIndex++) recorder.listen(1, ifIndex);
  recorder.events.addLoss();
  const turns = [1, 2, 3].map(
    () => [recorder.deliver().length, recorder.nextMs],
  );
  assertEquals(turns, [[16, 0], [16, 0], [8, Infinity]]);
});

Deno.test("PendingEvents delivers a loss at once, then at most one a second", () => {
  const recorder = new Recorder();
  recorder.listen(1, 2);
  recorder.listen(3, 2);
  recorder.events.addLoss();
  assertEquals(recorder.deliver(), ["1/2 changed", "3/2 changed"]);
  recorder.events.addLoss();
  assertEquals([recorder.deliver(300), recorder.nextMs], [[], 700]);
  recorder.events.addLoss();
  assertEquals(recorder.deliver(700), ["1/2 changed", "3/2 changed"]);
  assertEquals([recorder.deliver(9000), recorder.nextMs], [[], Infinity]);
});

Deno.test("PendingEvents delivers the end of a namespace instead of another event, and nothing after it", () => {
  const recorder = new Recorder();
  recorder.listen(1, 2);
  recorder.events.add(1, 2, "removed");
  recorder.events.addNetnsEnd(1);
  recorder.events.add(1, 2, "changed");
  recorder.events.addLoss();
  assertEquals(recorder.deliver(), ["1/2 netns-gone"]);
  assertEquals([recorder.change(500), recorder.events.hasListeners(1)], [
    [],
    false,
  ]);
});

Deno.test("PendingEvents delivers events of a namespace that has the id of an earlier one", () => {
  const recorder = new Recorder();
  recorder.listen(1, 2);
  recorder.events.addNetnsEnd(1);
  recorder.listen(1, 2);
  assertEquals(recorder.change(), ["1/2 netns-gone", "1/2 changed"]);
});

Deno.test("PendingEvents drops pending events with the last listener", () => {
  const recorder = new Recorder();
  const watch = recorder.listen(1, 2);
  recorder.events.add(1, 2, "changed");
  watch[Symbol.dispose]();
  assertEquals([recorder.deliver(), recorder.events.hasListeners(1)], [
    [],
    false,
  ]);
});
