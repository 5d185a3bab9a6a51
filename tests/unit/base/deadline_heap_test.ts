import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Deadline,
  DeadlineHeap,
} from "../../../lib/base/deadline_heap.ts";

function entry(value: number): Deadline<number> {
  return { value, atMs: Infinity, index: undefined };
}

function drain(heap: DeadlineHeap<number>): number[] {
  const values: number[] = [];
  for (let first = heap.first; first !== undefined; first = heap.first) {
    values.push(first.value);
    heap.clear(first);
  }
  return values;
}

Deno.test("DeadlineHeap returns the earliest deadline first", () => {
  const heap = new DeadlineHeap<number>();
  for (const atMs of [5, 1, 4, 2, 3]) heap.set(entry(atMs), atMs);
  assertEquals(drain(heap), [1, 2, 3, 4, 5]);
  assertEquals(heap.size, 0);
});

Deno.test("DeadlineHeap moves an entry in both directions", () => {
  const heap = new DeadlineHeap<number>();
  const entries = [1, 2, 3].map(entry);
  entries.forEach((one) => heap.set(one, one.value));
  const [first, , third] = entries;
  if (first) heap.set(first, 9);
  if (third) heap.set(third, 0);
  assertEquals(heap.size, 3);
  assertEquals(drain(heap), [3, 2, 1]);
});

Deno.test("DeadlineHeap.clear() ignores an entry that is not in the heap", () => {
  const heap = new DeadlineHeap<number>();
  const one = entry(1);
  heap.clear(one);
  heap.set(one, 1);
  heap.clear(one);
  heap.clear(one);
  assertEquals(heap.first, undefined);
});

Deno.test("DeadlineHeap agrees with a sorted list after any operations", () => {
  const operation = fc.record({
    index: fc.nat(15),
    atMs: fc.option(fc.nat(30), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const heap = new DeadlineHeap<number>();
      const entries = Array.from({ length: 16 }, (_, index) => entry(index));
      const model = new Map<number, number>();
      for (const { index, atMs } of operations) {
        const one = entries[index] as Deadline<number>;
        if (atMs === undefined) {
          heap.clear(one);
          model.delete(index);
        } else {
          heap.set(one, atMs);
          model.set(index, atMs);
        }
        assertEquals(heap.size, model.size);
        const times = [...model.values()].sort((a, b) => a - b);
        assertEquals(heap.first?.atMs, times[0]);
      }
      const times = drain(heap).map((index) => model.get(index));
      assertEquals(times, [...model.values()].sort((a, b) => a - b));
    }),
  );
});
