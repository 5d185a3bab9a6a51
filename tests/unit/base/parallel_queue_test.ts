import { assertEquals } from "@std/assert";
import { ParallelQueue } from "../../../lib/base/parallel_queue.ts";
import { testRows } from "../../support/rows.ts";

/** A queue whose work ends when the test says so. */
class Scene {
  readonly begun: number[] = [];
  readonly #ends: (() => void)[] = [];
  readonly queue = new ParallelQueue<number>((item) => {
    this.begun.push(item);
    return new Promise<void>((resolve) => this.#ends.push(resolve));
  }, { usual: 2, backlog: 3, max: 5 });

  /** Items whose work has begun and not ended. */
  get running(): number {
    return this.#ends.length;
  }

  add(count: number): void {
    for (let item = 0; item < count; item++) this.queue.add(item);
  }

  /** Ends the work that runs. */
  async end(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await new Promise((resolve) => setTimeout(resolve));
  }
}

testRows("ParallelQueue", [
  { name: "works on as many items as usual", items: 2, running: 2 },
  { name: "lets a few more wait", items: 4, running: 2 },
  { name: "works on more at once if more wait", items: 5, running: 3 },
  { name: "has a limit", items: 1000, running: 5 },
], ({ items, running }) => {
  const scene = new Scene();
  scene.add(items);
  assertEquals(scene.running, running);
});

Deno.test("ParallelQueue works on every item once, in order, and is then done", async () => {
  const scene = new Scene();
  scene.add(20);
  let isDone = false;
  const done = scene.queue.done().then(() => isDone = true);
  while (scene.running > 0) {
    assertEquals(isDone, false);
    await scene.end();
  }
  await done;
  assertEquals(scene.begun, Array.from({ length: 20 }, (_, item) => item));
});

Deno.test("ParallelQueue is done if nothing was added", async () => {
  await new Scene().queue.done();
});
