/** Many ADDs at once: time, and peak memory of all processes. @module */

import type { Caller } from "../caller.ts";
import { ControlGroup } from "../control_group.ts";
import {
  ENGINES,
  type PerEngine,
  perEngine,
  perEngineInTurn,
} from "../engines.ts";
import { median } from "../process_time.ts";
import { coldExecutables } from "./cold_executables.ts";
import type { BurstFigures } from "./figures.ts";
import { BenchNetwork } from "./network.ts";
import { Programs } from "./programs.ts";

/** Pods of a node, and the most that a node has by default. */
const SIZES = [50, 110] as const;
const ROUNDS = 5;
const DEL_CLIENTS = 8;

/** Measures simultaneous ADDs in a network without reservations. */
export async function measureBursts(
  caller: Caller,
  programs: Programs,
  folder: string,
): Promise<BurstFigures[]> {
  const figures: BurstFigures[] = [];
  for (const calls of SIZES) {
    const own = `${folder}/burst-${calls}`;
    const networks = await BenchNetwork.make(own, {
      programs: programs.paths,
      reservations: 0,
    });
    const times: PerEngine<number[]> = perEngine(() => []);
    const failed = { resident: 0, standalone: 0, upstream: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const engine of ENGINES) {
        const seen = await burst(caller, networks[engine], { calls });
        times[engine].push(seen.tookMs);
        failed[engine] += seen.failed;
      }
    }
    figures.push({
      calls,
      tookMs: perEngine((engine) => median(times[engine])),
      failed,
      peakMb: await measurePeak(caller, `${own}/peak`, calls),
    });
  }
  return figures;
}

/**
 * Makes the ADDs, and then the DELs.
 *
 * @returns Milliseconds from the start of the first ADD to the end of the last, and how many ADDs
 *   failed: a plugin waits for the lock no longer than 10 s.
 */
async function burst(
  caller: Caller,
  network: BenchNetwork,
  { calls, group }: { readonly calls: number; readonly group?: string },
): Promise<{ readonly tookMs: number; readonly failed: number }> {
  const pairs = Array.from(
    { length: calls },
    () =>
      network.addAndDelete().map((call) => ({
        ...call,
        ...(group === undefined ? {} : { group }),
      })),
  );
  const { totalMs, outcomes } = await caller.outcomes(
    pairs.map((pair) => pair.slice(0, 1)),
    calls,
  );
  await caller.timesOfChains(pairs.map((pair) => pair.slice(1)), DEL_CLIENTS);
  const failed = outcomes.flat().filter(({ status }) => status !== 0).length;
  return { tookMs: totalMs, failed };
}

/** Measures the peak in a control group with everything that an engine runs. */
async function measurePeak(
  caller: Caller,
  folder: string,
  calls: number,
): Promise<PerEngine<number> | string> {
  try {
    return await perEngineInTurn(async (engine) => {
      const own = `${folder}/${engine}`;
      await Deno.mkdir(own, { recursive: true });
      await using group = await ControlGroup.create();
      const executables = await coldExecutables(own);
      // The other engines have no resident process in the group.
      await using programs = await Programs.start(own, {
        executables,
        ...(engine === "resident" ? { group } : {}),
      });
      const networks = await BenchNetwork.make(own, {
        programs: programs.paths,
        reservations: 0,
      });
      await burst(caller, networks[engine], { calls, group: group.joinFile });
      return await group.peakBytes() / 2 ** 20;
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
