/** The memory of the resident process after many calls. @module */

import type { Caller } from "../caller.ts";
import { useOf } from "../process_use.ts";
import { CLIENTS, type MemoryFigures } from "./figures.ts";
import { BenchNetwork } from "./network.ts";
import { Programs } from "./programs.ts";

const FIRST_CALLS = 100;
const MAX_CALLS = 100_000;
/** After this time no more calls are made. */
const MAX_MS = 240_000;
/** Calls of one run of the caller. */
const BATCH = 10_000;

/** Measures a resident process after few calls and after many. */
export async function measureMemory(
  caller: Caller,
  folder: string,
): Promise<MemoryFigures> {
  const own = `${folder}/memory`;
  await Deno.mkdir(own);
  await using programs = await Programs.start(own);
  const { resident } = await BenchNetwork.make(own, {
    programs: programs.paths,
    reservations: 0,
  });
  const make = async (calls: number): Promise<number> => {
    const pairs = Array.from(
      { length: calls / 2 },
      () => resident.addAndDelete(),
    );
    await caller.timesOfChains(pairs, CLIENTS);
    return (await useOf(programs.residentPid)).memoryMb;
  };
  const beforeMb = await make(FIRST_CALLS);
  const startMs = performance.now();
  let afterMb = beforeMb;
  let calls = FIRST_CALLS;
  while (calls < MAX_CALLS && performance.now() - startMs < MAX_MS) {
    afterMb = await make(BATCH);
    calls += BATCH;
  }
  return { firstCalls: FIRST_CALLS, calls, beforeMb, afterMb };
}
