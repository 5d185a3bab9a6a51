/**
 * Measures the compiled host-local beside upstream's, and writes docs/bench.md and docs/bench.svg.
 *
 * `HOST_LOCAL_BIN`, `EMPTY_BIN` and `CNI_UPSTREAM_DIR` name other binaries. Needs root for the whole bridge ADD.
 * @module
 */

import { BridgeBench } from "./bench/bridge.ts";
import {
  CLIENTS,
  type Figures,
  type SizeFigures,
  targetsOf,
} from "./bench/figures.ts";
import { describeMachine } from "./bench/machine.ts";
import { BenchNetwork } from "./bench/network.ts";
import { formatPlot } from "./bench/plot.ts";
import { median, medianByTurns, timeOf } from "./bench/process_time.ts";
import { formatReport } from "./bench/report.ts";
import { REPOSITORY } from "./repository.ts";
import { print } from "./terminal.ts";

const OURS = Deno.env.get("HOST_LOCAL_BIN") ?? `${REPOSITORY}/dist/host-local`;
const EMPTY = Deno.env.get("EMPTY_BIN") ?? `${REPOSITORY}/dist/empty`;
const UPSTREAM_DIR = Deno.env.get("CNI_UPSTREAM_DIR") ?? "/usr/lib/cni";
const UPSTREAM = `${UPSTREAM_DIR}/host-local`;

/** Numbers of reservations, and how many rounds of single calls are affordable with so many. */
const SIZES: readonly (readonly [reservations: number, rounds: number])[] = [
  [0, 31],
  [250, 31],
  [1_000, 31],
  [4_000, 21],
  [16_000, 11],
  [60_000, 7],
];

const COLD_ROUNDS = 3;
/** About how long the clients of one side are kept busy. */
const RATE_MS = 4_000;

async function measureVersion(): Promise<Figures["versionMs"]> {
  const version = (program: string) => async (): Promise<number[]> => [
    await timeOf({ program, env: { CNI_COMMAND: "VERSION" } }),
  ];
  const [[ours = 0] = [], [empty = 0] = [], [upstream = 0] = []] =
    await medianByTurns(41, [
      version(OURS),
      version(EMPTY),
      version(UPSTREAM),
    ]);
  return { ours, empty, upstream };
}

/** Calls a second with many clients; upstream's calls do not overlap, so their times tell how many are affordable. */
async function measureRate(
  network: BenchNetwork,
  pairMs: number,
): Promise<number> {
  const pairs = Math.min(400, Math.max(CLIENTS, Math.round(RATE_MS / pairMs)));
  return await network.callsPerSecond(CLIENTS, pairs);
}

async function measureSize(
  root: string,
  reservations: number,
  rounds: number,
): Promise<SizeFigures> {
  const [ours, upstream] = await BenchNetwork.make(root, {
    binaries: [OURS, UPSTREAM],
    reservations,
  });
  if (ours === undefined || upstream === undefined) {
    throw new Error("Cannot make the networks");
  }
  const cold: number[] = [];
  for (let round = 0; round < COLD_ROUNDS; round += 1) {
    await ours.makeCold();
    const [addMs] = await ours.addAndDelete();
    cold.push(addMs);
  }
  const [[ourAdd = 0, ourDel = 0] = [], [theirAdd = 0, theirDel = 0] = []] =
    await medianByTurns(rounds, [
      () => ours.addAndDelete(),
      () => upstream.addAndDelete(),
    ]);
  return {
    reservations,
    coldAddMs: median(cold),
    addMs: { ours: ourAdd, upstream: theirAdd },
    delMs: { ours: ourDel, upstream: theirDel },
    rate: {
      ours: await measureRate(ours, ourAdd + ourDel),
      upstream: await measureRate(upstream, theirAdd + theirDel),
    },
  };
}

async function measureBridge(
  root: string,
): Promise<Pick<Figures, "bridgeAddMs" | "bridgeDelMs">> {
  await using bench = await BridgeBench.start(root);
  const bridge = `${UPSTREAM_DIR}/bridge`;
  const measures = [
    await bench.measureWith(OURS, { name: "ours", bridge }),
    await bench.measureWith(UPSTREAM, { name: "upstream", bridge }),
  ];
  // The first ADD makes the bridge itself.
  for (const measure of measures) await measure();
  const [[ourAdd = 0, ourDel = 0] = [], [theirAdd = 0, theirDel = 0] = []] =
    await medianByTurns(21, measures);
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
  const sizes: SizeFigures[] = [];
  for (const [reservations, rounds] of SIZES) {
    print(`${reservations} reservations ...`);
    sizes.push(
      await inFolder((folder) => measureSize(folder, reservations, rounds)),
    );
  }
  print("bridge ...");
  return { versionMs, sizes, ...await inFolder(measureBridge) };
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
