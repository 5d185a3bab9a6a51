import { assert, assertEquals } from "@std/assert";
import { takeSteps, takeStepsInTurns } from "../../../lib/sys/steps.ts";

/** Steps of which each takes as long as a turn. */
function* longSteps(taken: number[]): Generator<void, string> {
  for (let step = 0; step < 5; step++) {
    const endMs = performance.now() + 21;
    while (performance.now() < endMs);
    taken.push(step);
    yield;
  }
  return "result";
}

Deno.test("takeSteps() takes all steps and returns the result", () => {
  const taken: number[] = [];
  assertEquals(takeSteps(longSteps(taken)), "result");
  assertEquals(taken, [0, 1, 2, 3, 4]);
});

Deno.test("takeStepsInTurns() lets the event loop run between long steps", async () => {
  const taken: number[] = [];
  const seen: number[] = [];
  const id = setInterval(() => seen.push(taken.length));
  assertEquals(await takeStepsInTurns(longSteps(taken)), "result");
  clearInterval(id);
  assertEquals(taken, [0, 1, 2, 3, 4]);
  assert(seen.some((count) => count > 0 && count < 5), `${seen}`);
});

Deno.test("takeStepsInTurns() rejects if a step fails", async () => {
  const error = new Error("broken");
  const steps = {
    next: (): never => {
      throw error;
    },
  };
  assertEquals(await takeStepsInTurns(steps).catch((e) => e), error);
});
