/** Networks of several sizes: one call at a time, and the rate of many clients. @module */

import type { Caller } from "../caller.ts";
import {
  ENGINE_GROUPS,
  ENGINES,
  type PerEngine,
  perEngine,
  perEngineInTurn,
} from "../engines.ts";
import { median, type TimedCommand } from "../process_time.ts";
import { print } from "../../terminal.ts";
import {
  CLIENTS,
  type Figures,
  MANY_RESERVATIONS,
  type NoEffectFigures,
  type SizeFigures,
} from "./figures.ts";
import { BenchNetwork } from "./network.ts";
import type { Programs } from "./programs.ts";

/**
 * Numbers of reservations, and in how many of the {@link ROUNDS} upstream is measured with them.
 */
const SIZES:
  readonly (readonly [reservations: number, upstreamRounds: number])[] = [
    [0, 51],
    [250, 51],
    [4_000, 25],
    [20_000, 9],
    [MANY_RESERVATIONS, 5],
  ];

const ROUNDS = 51;
const COLD_ROUNDS = 3;
const NO_EFFECT_ROUNDS = 7;
/** Approximately how long the clients of one engine are kept busy. */
const RATE_MS = 3_000;
const MAX_PAIRS = 2_000;

/** The networks of one size, and the times of ADD and DEL in each. */
interface SizeBench {
  readonly reservations: number;
  readonly upstreamRounds: number;
  readonly networks: PerEngine<BenchNetwork>;
  readonly addMs: PerEngine<number[]>;
  readonly delMs: PerEngine<number[]>;
}

/** Measures everything whose time depends on the number of reservations. */
export async function measureSizes(
  caller: Caller,
  programs: Programs,
  root: string,
): Promise<Pick<Figures, "sizes" | "noEffect">> {
  const benches = await prepare(programs, root);
  const coldMs: number[] = [];
  for (const bench of benches) coldMs.push(await measureCold(caller, bench));
  print("one call at a time ...");
  await measureSingleCalls(caller, benches);
  const sizes: SizeFigures[] = [];
  for (const [index, bench] of benches.entries()) {
    const { reservations } = bench;
    print(`${CLIENTS} clients, ${reservations} reservations ...`);
    sizes.push({
      reservations,
      coldAddMs: coldMs[index] ?? NaN,
      addMs: perEngine((engine) => median(bench.addMs[engine])),
      delMs: perEngine((engine) => median(bench.delMs[engine])),
      rate: await measureRates(caller, bench),
    });
  }
  print("calls without effect ...");
  return { sizes, noEffect: await measureNoEffect(caller, benches) };
}

async function prepare(
  { paths }: Programs,
  root: string,
): Promise<SizeBench[]> {
  const benches: SizeBench[] = [];
  for (const [reservations, upstreamRounds] of SIZES) {
    print(`preparing ${reservations} reservations ...`);
    const networks = await BenchNetwork.make(`${root}/${reservations}`, {
      programs: paths,
      reservations,
    });
    benches.push({
      reservations,
      upstreamRounds,
      networks,
      addMs: perEngine(() => []),
      delMs: perEngine(() => []),
    });
  }
  return benches;
}

/**
 * Measures the first ADD of the standalone executable, which finds no index, and gives the resident
 * engine's network an index too.
 */
async function measureCold(
  caller: Caller,
  { networks: { resident, standalone } }: SizeBench,
): Promise<number> {
  await caller.times(resident.addAndDelete(standalone.program));
  const times: number[] = [];
  for (let round = 0; round < COLD_ROUNDS; round += 1) {
    await standalone.makeCold();
    const [addMs = NaN] = await caller.times(standalone.addAndDelete());
    times.push(addMs);
  }
  return median(times);
}

/**
 * Measures all sizes alternately, because they are compared with each other, and so the resident
 * engine and upstream. The standalone executable comes after all rounds of these.
 */
async function measureSingleCalls(
  caller: Caller,
  benches: readonly SizeBench[],
): Promise<void> {
  for (const group of ENGINE_GROUPS) {
    for (let round = 0; round < ROUNDS; round += 1) {
      await measureRound(caller, { benches, group, round });
    }
  }
}

async function measureRound(
  caller: Caller,
  { benches, group, round }: {
    readonly benches: readonly SizeBench[];
    readonly group: typeof ENGINE_GROUPS[number];
    readonly round: number;
  },
): Promise<void> {
  const turns = benches.flatMap((bench) =>
    group.filter((engine) =>
      engine !== "upstream" || isTurn(round, bench.upstreamRounds)
    ).map((engine) => ({ bench, engine }))
  );
  // No engine and no size always follows the same one.
  if (round % 2 === 1) turns.reverse();
  const times = await caller.times(
    turns.flatMap(({ bench, engine }) => bench.networks[engine].addAndDelete()),
  );
  for (const [index, { bench, engine }] of turns.entries()) {
    const [addMs = NaN, delMs = NaN] = times.slice(2 * index);
    bench.addMs[engine].push(addMs);
    bench.delMs[engine].push(delMs);
  }
}

/** Spreads the rounds of upstream evenly over all of them. */
function isTurn(round: number, upstreamRounds: number): boolean {
  const share = upstreamRounds / ROUNDS;
  return Math.floor((round + 1) * share) > Math.floor(round * share);
}

/** Measures calls per second with many clients. */
async function measureRates(
  caller: Caller,
  { networks, addMs, delMs }: SizeBench,
): Promise<PerEngine<number>> {
  return await perEngineInTurn(async (engine) => {
    const pairMs = median(addMs[engine]) + median(delMs[engine]);
    // Upstream's calls do not overlap, so the time of one tells how many are affordable.
    const count = Math.round(RATE_MS / pairMs);
    const pairs = Math.min(MAX_PAIRS, Math.max(CLIENTS, count));
    const chains = Array.from(
      { length: pairs },
      () => networks[engine].addAndDelete(),
    );
    const { totalMs } = await caller.timesOfChains(chains, CLIENTS);
    return 2 * pairs * 1000 / totalMs;
  });
}

/** Measures the calls without effect, alternately in the smallest and the largest network. */
async function measureNoEffect(
  caller: Caller,
  benches: readonly SizeBench[],
): Promise<NoEffectFigures[]> {
  const calls = (reservations: number): {
    readonly engine: typeof ENGINES[number];
    readonly name: string;
    readonly command: TimedCommand;
  }[] => {
    const bench = benches.find((each) => each.reservations === reservations);
    if (bench === undefined) throw new Error(`No size ${reservations}`);
    return ENGINES.flatMap((engine) =>
      Object.entries(bench.networks[engine].noEffectCalls())
        .map(([name, command]) => ({ engine, name, command }))
    );
  };
  for (
    const { networks } of [benches.at(0), benches.at(-1)].flatMap((bench) =>
      bench ?? []
    )
  ) {
    await caller.times(
      ENGINES.map((engine) => networks[engine].prepareNoEffect()),
    );
  }
  const none = calls(0);
  const many = calls(MANY_RESERVATIONS);
  const rounds: number[][] = [];
  for (let round = 0; round < NO_EFFECT_ROUNDS; round += 1) {
    rounds.push(
      await caller.times([...none, ...many].map(({ command }) => command)),
    );
  }
  const medianOf = (
    found: typeof none,
    call: string,
    offset: number,
  ): PerEngine<number> =>
    perEngine((engine) => {
      const index = found.findIndex((each) =>
        each.engine === engine && each.name === call
      );
      return median(rounds.map((times) => times[offset + index] ?? NaN));
    });
  return [...new Set(none.map(({ name }) => name))].map((call) => ({
    call,
    none: medianOf(none, call, 0),
    many: medianOf(many, call, none.length),
  }));
}
