import { assertEquals } from "@std/assert";
import { LinkListeners } from "../../../lib/netlink/pending_events.ts";

/** Listeners whose clock a test moves. */
class Told {
  readonly listeners = new LinkListeners();
  nowMs = 1000;
  /** When to look again, from now. */
  againMs = Infinity;
  #told: string[] = [];

  /** Listens to interface `ifIndex` in namespace `netnsId`. */
  listen(netnsId: number, ifIndex: number): Disposable {
    return this.listeners.add(netnsId, ifIndex, (event) => {
      this.#told.push(`${netnsId}/${ifIndex} ${event}`);
    });
  }

  /** One turn, so long after the one before. @returns What was told in it. */
  turn(afterMs = 0): string[] {
    this.nowMs += afterMs;
    this.#told = [];
    const nextMs = this.listeners.tell(this.nowMs, (body) => body());
    this.againMs = nextMs - this.nowMs;
    return this.#told;
  }

  /** A change of 1/2, and a turn. */
  change(afterMs = 0): string[] {
    this.listeners.put(1, 2, "changed");
    return this.turn(afterMs);
  }
}

Deno.test("LinkListeners tell the first changes at once, the others ten times a second, and the last", () => {
  const told = new Told();
  told.listen(1, 2);
  const first = Array.from({ length: 8 }, () => told.change());
  assertEquals(first, Array(8).fill(["1/2 changed"]));
  assertEquals([told.change(), told.againMs], [[], 100]);
  assertEquals([told.change(60), told.againMs], [[], 40]);
  assertEquals([told.turn(40), told.againMs], [["1/2 changed"], Infinity]);
  assertEquals([told.turn(1000), told.againMs], [[], Infinity]);
});

Deno.test("LinkListeners tell many changes in one turn as one, with the last word", () => {
  const told = new Told();
  told.listen(1, 2);
  told.listeners.put(1, 2, "changed");
  told.listeners.put(1, 2, "removed");
  assertEquals([told.turn(), told.turn()], [["1/2 removed"], []]);
});

Deno.test("LinkListeners do not make one interface wait for another", () => {
  const told = new Told();
  told.listen(1, 2);
  told.listen(1, 3);
  for (let count = 0; count < 20; count++) told.change();
  told.listeners.put(1, 3, "changed");
  assertEquals([told.turn(), told.againMs], [["1/3 changed"], 100]);
});

Deno.test("LinkListeners tell sixteen in a turn, and the others in the next", () => {
  const told = new Told();
  for (let ifIndex = 1; ifIndex <= 40; ifIndex++) told.listen(1, ifIndex);
  told.listeners.putLoss();
  const turns = [1, 2, 3].map(() => [told.turn().length, told.againMs]);
  assertEquals(turns, [[16, 0], [16, 0], [8, Infinity]]);
});

Deno.test("LinkListeners tell of a loss at once, and of others once a second", () => {
  const told = new Told();
  told.listen(1, 2);
  told.listen(3, 2);
  told.listeners.putLoss();
  assertEquals(told.turn(), ["1/2 changed", "3/2 changed"]);
  told.listeners.putLoss();
  assertEquals([told.turn(300), told.againMs], [[], 700]);
  told.listeners.putLoss();
  assertEquals(told.turn(700), ["1/2 changed", "3/2 changed"]);
  assertEquals([told.turn(9000), told.againMs], [[], Infinity]);
});

Deno.test("LinkListeners tell of the end of a namespace although there was other news, and of nothing after it", () => {
  const told = new Told();
  told.listen(1, 2);
  told.listeners.put(1, 2, "removed");
  told.listeners.putEnd(1);
  told.listeners.put(1, 2, "changed");
  told.listeners.putLoss();
  assertEquals(told.turn(), ["1/2 netns-gone"]);
  assertEquals([told.change(500), told.listeners.has(1)], [[], false]);
});

Deno.test("LinkListeners tell whoever has the number of an earlier namespace of its own changes", () => {
  const told = new Told();
  told.listen(1, 2);
  told.listeners.putEnd(1);
  told.listen(1, 2);
  assertEquals(told.change(), ["1/2 netns-gone", "1/2 changed"]);
});

Deno.test("LinkListeners forget who listens no more, with what was to be told", () => {
  const told = new Told();
  const watch = told.listen(1, 2);
  told.listeners.put(1, 2, "changed");
  watch[Symbol.dispose]();
  assertEquals([told.turn(), told.listeners.has(1)], [[], false]);
});
