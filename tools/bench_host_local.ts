/**
 * Measures the compiled host-local and upstream's, and writes docs/bench.md and docs/bench.svg.
 *
 * `HOST_LOCAL_BIN`, `EMPTY_BIN` and `CNI_UPSTREAM_DIR` name other binaries. Needs root for the
 * whole bridge ADD.
 *
 * @module
 */

import { BridgeBench } from "./bench/bridge.ts";
import {
  CLIENTS,
  type Figures,
  MANY_RESERVATIONS,
  type NoEffectFigures,
  type Pair,
  type SizeFigures,
  targetsOf,
} from "./bench/figures.ts";
import { describeMachine } from "./bench/machine.ts";
import { addAndDeleteIn, BenchNetwork } from "./bench/network.ts";
import { formatPlot } from "./bench/plot.ts";
import { alternatingMedians, median, timeOf } from "./bench/process_time.ts";
import { formatReport } from "./bench/report.ts";
import { measureScripts } from "./bench/script.ts";
import { binaryNamed } from "./build/binaries.ts";
import { capture } from "./process.ts";
import { REPOSITORY } from "./repository.ts";
import { print } from "./terminal.ts";

const OURS = Deno.env.get("HOST_LOCAL_BIN") ?? `${REPOSITORY}/dist/host-local`;
const EMPTY = Deno.env.get("EMPTY_BIN") ?? `${REPOSITORY}/dist/empty`;
const UPSTREAM_DIR = Deno.env.get("CNI_UPSTREAM_DIR") ?? "/usr/lib/cni";
const UPSTREAM = `${UPSTREAM_DIR}/host-local`;

/**
 * Numbers of reservations, and in how many of the {@link ROUNDS} upstream is measured with them.
 */
const SIZES:
  readonly (readonly [reservations: number, upstreamRounds: number])[] = [
    [0, 31],
    [250, 31],
    [1_000, 31],
    [4_000, 31],
    [16_000, 11],
    [MANY_RESERVATIONS, 7],
  ];

const ROUNDS = 31;
const COLD_ROUNDS = 3;
const NO_EFFECT_ROUNDS = 7;
/** Approximately how long the clients of one plugin are kept busy. */
const RATE_MS = 4_000;

async function measureVersion(): Promise<Figures["versionMs"]> {
  const version = (program: string) => async (): Promise<number[]> => [
    await timeOf({ program, env: { CNI_COMMAND: "VERSION" } }),
  ];
  const [[ours = 0] = [], [empty = 0] = [], [upstream = 0] = []] =
    await alternatingMedians(41, [
      version(OURS),
      version(EMPTY),
      version(UPSTREAM),
    ]);
  return { ours, empty, upstream };
}

async function measureHostLocalScripts(
  folder: string,
): Promise<Figures["scripts"]> {
  const calls = addAndDeleteIn(`${folder}/data`);
  return await measureScripts(binaryNamed("host-local"), {
    folder,
    calls: {
      VERSION: { env: { CNI_COMMAND: "VERSION" } },
      ADD: calls.add,
      DEL: calls.delete,
    },
  });
}

/**
 * Measures calls per second with many clients. Upstream's calls do not overlap, so the time of one
 * tells how many are affordable.
 */
async function measureRate(
  network: BenchNetwork,
  pairMs: number,
): Promise<number> {
  const pairs = Math.min(400, Math.max(CLIENTS, Math.round(RATE_MS / pairMs)));
  return await network.callsPerSecond(CLIENTS, pairs);
}

/** The two networks of one size, and what was measured in them. */
interface SizeBench {
  readonly reservations: number;
  readonly upstreamRounds: number;
  readonly ours: BenchNetwork;
  readonly upstream: BenchNetwork;
  readonly ourTimes: (readonly [addMs: number, delMs: number])[];
  readonly theirTimes: (readonly [addMs: number, delMs: number])[];
}

async function prepare(root: string): Promise<SizeBench[]> {
  const benches: SizeBench[] = [];
  for (const [reservations, upstreamRounds] of SIZES) {
    print(`preparing ${reservations} reservations ...`);
    const folder = `${root}/${reservations}`;
    const [ours, upstream] = await BenchNetwork.make(folder, {
      binaries: [OURS, UPSTREAM],
      reservations,
    });
    if (ours === undefined || upstream === undefined) {
      throw new Error("Cannot make the networks");
    }
    benches.push({
      reservations,
      upstreamRounds,
      ours,
      upstream,
      ourTimes: [],
      theirTimes: [],
    });
  }
  return benches;
}

async function measureCold({ ours }: SizeBench): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < COLD_ROUNDS; round += 1) {
    await ours.makeCold();
    const [addMs] = await ours.addAndDelete();
    times.push(addMs);
  }
  return median(times);
}

/** Measures all sizes alternately, because they are compared with each other. */
async function measureSingleCalls(
  benches: readonly SizeBench[],
): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (
      const { ours, upstream, ourTimes, theirTimes, upstreamRounds } of benches
    ) {
      ourTimes.push(await ours.addAndDelete());
      // Spreads upstream's rounds evenly over all of them.
      const share = upstreamRounds / ROUNDS;
      if (Math.floor((round + 1) * share) > Math.floor(round * share)) {
        theirTimes.push(await upstream.addAndDelete());
      }
    }
  }
}

/** Measures the calls without effect, alternately in the smallest and the largest network. */
async function measureNoEffect(
  benches: readonly SizeBench[],
): Promise<NoEffectFigures[]> {
  const at = (reservations: number): SizeBench => {
    const found = benches.find((bench) => bench.reservations === reservations);
    if (found === undefined) throw new Error(`No size ${reservations}`);
    return found;
  };
  const networks = [at(0), at(MANY_RESERVATIONS)]
    .flatMap(({ ours, upstream }) => [ours, upstream]);
  for (const network of networks) await network.prepareNoEffect();
  const times = networks.map((): Record<string, number>[] => []);
  for (let round = 0; round < NO_EFFECT_ROUNDS; round += 1) {
    for (const [index, network] of networks.entries()) {
      times[index]?.push(await network.noEffectCalls());
    }
  }
  const pair = (call: string, index: number): Pair => {
    const [ours = 0, upstream = 0] = times.slice(index, index + 2)
      .map((rounds) => median(rounds.map((round) => round[call] ?? 0)));
    return { ours, upstream };
  };
  return Object.keys(times[0]?.[0] ?? {})
    .map((call) => ({ call, none: pair(call, 0), many: pair(call, 2) }));
}

async function measureSizes(
  root: string,
): Promise<Pick<Figures, "sizes" | "noEffect">> {
  const benches = await prepare(root);
  const coldMs: number[] = [];
  for (const bench of benches) coldMs.push(await measureCold(bench));
  print("one call at a time ...");
  await measureSingleCalls(benches);
  const figures: SizeFigures[] = [];
  for (
    const [index, { reservations, ours, upstream, ourTimes, theirTimes }]
      of benches.entries()
  ) {
    print(`${CLIENTS} clients, ${reservations} reservations ...`);
    const addMs = {
      ours: median(ourTimes.map(([add]) => add)),
      upstream: median(theirTimes.map(([add]) => add)),
    };
    const delMs = {
      ours: median(ourTimes.map(([, del]) => del)),
      upstream: median(theirTimes.map(([, del]) => del)),
    };
    const rate = {
      ours: await measureRate(ours, addMs.ours + delMs.ours),
      upstream: await measureRate(upstream, addMs.upstream + delMs.upstream),
    };
    figures.push({
      reservations,
      coldAddMs: coldMs[index] ?? 0,
      addMs,
      delMs,
      rate,
    });
  }
  print("calls without effect ...");
  return { sizes: figures, noEffect: await measureNoEffect(benches) };
}

async function measureBridge(
  root: string,
): Promise<Pick<Figures, "bridgeAddMs" | "bridgeDelMs">> {
  using bench = new BridgeBench(root);
  const bridge = `${UPSTREAM_DIR}/bridge`;
  const measures = [
    await bench.measureWith(OURS, { name: "ours", bridge }),
    await bench.measureWith(UPSTREAM, { name: "upstream", bridge }),
  ];
  // The first ADD also creates the bridge.
  for (const measure of measures) await measure();
  const [[ourAdd = 0, ourDel = 0] = [], [theirAdd = 0, theirDel = 0] = []] =
    await alternatingMedians(21, measures);
  return {
    bridgeAddMs: { ours: ourAdd, upstream: theirAdd },
    bridgeDelMs: { ours: ourDel, upstream: theirDel },
  };
}

async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "cni-ipam-bench-" });
  try {
    return await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measureAll(): Promise<Figures> {
  print("VERSION ...");
  const versionMs = await measureVersion();
  print("deno run ...");
  const scripts = await inFolder(measureHostLocalScripts);
  const sizes = await inFolder(measureSizes);
  print("bridge ...");
  return { versionMs, scripts, ...sizes, ...await inFolder(measureBridge) };
}

const startMs = performance.now();
const figures = await measureAll();
const machine = await inFolder((folder) =>
  describeMachine(folder, { "dist/host-local": OURS, "dist/empty": EMPTY })
);
const date = new Date().toISOString().slice(0, 10);
await Deno.mkdir(`${REPOSITORY}/docs`, { recursive: true });
await Deno.writeTextFile(
  `${REPOSITORY}/docs/bench.md`,
  formatReport(figures, { machine, date }),
);
await Deno.writeTextFile(`${REPOSITORY}/docs/bench.svg`, formatPlot(figures));
// `deno fmt --check` covers both files.
const written = ["md", "svg"].map((ext) => `${REPOSITORY}/docs/bench.${ext}`);
await capture([Deno.execPath(), "fmt", "--quiet", ...written]);
for (const { text, value, isReached } of targetsOf(figures)) {
  print(
    `${isReached ? "reached" : "missed "} ${text}; measured ${
      value.toFixed(2)
    }`,
  );
}
print(
  `docs/bench.md and docs/bench.svg written after ${
    ((performance.now() - startMs) / 1000).toFixed(0)
  } s`,
);
