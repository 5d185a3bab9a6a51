/** An ADD in a control group with little memory or CPU time. @module */

import type { Caller } from "../caller.ts";
import { ControlGroup, type GroupUse } from "../control_group.ts";
import { type PerEngine, perEngineInTurn } from "../engines.ts";
import { median, STATUS_TIMEOUT } from "../process_time.ts";
import { coldExecutables } from "./cold_executables.ts";
import { LIMIT_TIMEOUT_MS, type LimitFigures } from "./figures.ts";
import { BenchNetwork } from "./network.ts";
import { EXECUTABLES, Programs } from "./programs.ts";

const ROUNDS = 11;

const LIMITS: readonly (readonly [name: string, use: GroupUse])[] = [
  ["50 MiB of memory", { memoryBytes: 50 * 2 ** 20 }],
  ["a CPU quota of 100m", { cpuPercent: 10 }],
];

/** Measures with each limit. Only what the caller starts is limited, not the resident process. */
export async function measureLimits(
  caller: Caller,
  folder: string,
): Promise<LimitFigures[]> {
  const figures: LimitFigures[] = [];
  for (const [index, [limit, use]] of LIMITS.entries()) {
    const own = `${folder}/limit-${index}`;
    await Deno.mkdir(own);
    figures.push({ limit, addMs: await measureLimit(caller, own, use) });
  }
  return figures;
}

async function measureLimit(
  caller: Caller,
  folder: string,
  use: GroupUse,
): Promise<PerEngine<number> | string> {
  try {
    // The resident process runs from the original, so that it does not use the copy first.
    const { upstream, standalone, launcher } = await coldExecutables(folder);
    await using programs = await Programs.start(folder, {
      executables: { ...EXECUTABLES, launcher },
    });
    const networks = await BenchNetwork.make(folder, {
      programs: { resident: programs.paths.resident, standalone, upstream },
      reservations: 0,
    });
    return await perEngineInTurn(async (engine) => {
      await using group = await ControlGroup.create(use);
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const [add, remove] = networks[engine].addAndDelete();
        const { outcomes: [[outcome] = []] } = await caller.outcomes([[{
          ...add,
          group: group.joinFile,
          timeoutMs: LIMIT_TIMEOUT_MS,
        }]], 1);
        await caller.times([remove]);
        if (outcome === undefined) throw new RangeError("No outcome");
        if (outcome.status === STATUS_TIMEOUT) return Infinity;
        if (outcome.status !== 0) throw new Error(outcome.output);
        times.push(outcome.tookMs);
      }
      return median(times);
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
