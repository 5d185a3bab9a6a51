/**
 * Injects faults into ADD, DEL and GC at every system call on the network's directory or on stdout:
 * a kill of the process, and every error of a full or broken disk.
 *
 * By default a run tries `FAULT_SAMPLE` faults per scenario, an even sample of a kill and one of
 * the errors at each point; in large networks only of those that lead to different states. Each run
 * takes another sample, and `FAULT_SEED` repeats one. `FAULT_FULL=1` tries all errors, and every
 * order of the calls after the fault. `FAULT_SYSCALLS` limits a run to the named system calls.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { OURS } from "../../support/binaries.ts";
import { callHostLocal, environmentOf } from "../../support/host_local_call.ts";
import { readNetwork, writeNetwork } from "../../support/network_directory.ts";
import { report } from "../../support/report.ts";
import { runInParallel } from "../../../tools/parallel.ts";
import { numberFromEnv, Random } from "../../support/random.ts";
import { testWith } from "../../support/requirements.ts";
import type { TraceOptions, TraceOutcome } from "../../support/strace.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { checkFollowUps, FOLLOW_UPS } from "./fault_follow_ups.ts";
import { checkOutcome } from "./fault_outcome.ts";
import {
  allFaults,
  distinctFaults,
  eachPoint,
  type FaultPoint,
  findPoints,
  pathsTouched,
  type PlannedFault,
  runWithFault,
} from "./fault_points.ts";
import {
  faultConfig,
  type FaultScenario,
  othersIn,
  SCENARIOS,
  TARGET,
} from "./fault_scenarios.ts";

const FULL = Deno.env.get("FAULT_FULL") === "1";
const WORKERS = 4;

/** Number of faults per scenario. */
const SAMPLE = numberFromEnv("FAULT_SAMPLE", FULL ? 2000 : 20);

/** Selects the faults of the sample. */
const SEED = numberFromEnv("FAULT_SEED", Math.floor(Math.random() * 1e6));

/** The system calls to which a run is limited. */
const ONLY = Deno.env.get("FAULT_SYSCALLS")?.split(",");

/** The maximum number of failures that are printed. */
const SHOWN = numberFromEnv("FAULT_SHOWN", 12);

/** The directory of one worker, which makes one call at a time. */
class Workspace {
  readonly dataDir: string;
  readonly network: string;
  readonly config: string;
  readonly stdoutFile: string;
  readonly trace: TraceOptions;

  constructor(readonly root: string, readonly scenario: FaultScenario) {
    this.dataDir = `${root}/data`;
    this.network = `${this.dataDir}/net`;
    this.config = faultConfig(
      this.dataDir,
      othersIn(scenario),
      scenario.ipam,
    );
    this.stdoutFile = `${root}/stdout`;
    this.trace = {
      command: [OURS],
      env: environmentOf({
        command: scenario.command,
        containerId: TARGET,
      }),
      stdin: this.config,
      traceFile: `${root}/trace`,
      stdoutFile: this.stdoutFile,
    };
  }

  /** Recreates the network's directory as it is before the call. */
  async prepare(): Promise<void> {
    // There is none before the first call.
    await Deno.remove(this.dataDir, { recursive: true }).catch(() => {});
    const { files, beforeBoot = [], indexed } = this.scenario;
    if (files === undefined) return;
    writeNetwork(this.network, files);
    for (const name of beforeBoot) {
      await Deno.utime(`${this.network}/${name}`, 1e9, 1e9);
    }
    if (indexed) await this.#fillIndex();
  }

  /** Fills the index with a call that changes no reservation. */
  async #fillIndex(): Promise<void> {
    await callHostLocal({
      binary: OURS,
      command: "DEL",
      containerId: "unknown",
      config: this.config,
    });
  }

  /** Returns the paths of another workspace as paths of this one. */
  translate(paths: readonly string[], from: Workspace): string[] {
    return paths.map((path) => path.replace(from.root, this.root));
  }
}

interface Trial extends PlannedFault {
  /** Position among the trials. It selects the order of the calls after the fault. */
  readonly index: number;
}

/** Totals of a sweep. */
interface Tally {
  tried: number;
  missed: number;
  readonly failures: string[];
}

async function tryOne(
  workspace: Workspace,
  { point, fault, index }: Trial,
  { paths, tally }: {
    readonly paths: readonly string[];
    readonly tally: Tally;
  },
): Promise<void> {
  const orders = FULL
    ? FOLLOW_UPS
    : FOLLOW_UPS.slice(index % 3, (index % 3) + 1);
  for (const order of orders) {
    let before = readNetwork(workspace.network);
    let outcome: TraceOutcome | undefined;
    for (let attempt = 0; outcome === undefined && attempt < 3; attempt += 1) {
      await workspace.prepare();
      before = readNetwork(workspace.network);
      outcome = await runWithFault(workspace.trace, { paths, point, fault });
    }
    if (outcome === undefined) {
      tally.missed += 1;
      continue;
    }
    tally.tried += 1;
    const call = {
      binary: OURS,
      scenario: workspace.scenario,
      point,
      fault,
      config: workspace.config,
      network: workspace.network,
      before,
      outcome,
    };
    try {
      checkOutcome(call);
      await checkFollowUps(call, order);
    } catch (failure) {
      const args = point.args.replaceAll(
        workspace.root.replace(/\d+$/, ""),
        "",
      );
      tally.failures.push(
        `${fault} at ${point.syscall} #${point.ordinal} (${args}), then ${order}:\n    ${
          failure instanceof Error ? failure.message : failure
        }`,
      );
    }
  }
}

/** Returns the faults from which the sample is taken. */
function faultsFor(
  { indexed }: FaultScenario,
  points: readonly FaultPoint[],
): PlannedFault[] {
  if (FULL) return allFaults(points);
  return indexed ? distinctFaults(points) : eachPoint(points);
}

/**
 * Returns whether the fault at `index` is one of {@link SAMPLE} that are spread evenly over all
 * `count`.
 *
 * @param phase Position of the first of them, from 0 to 1.
 */
function isSampled(
  index: number,
  { count, phase }: { readonly count: number; readonly phase: number },
): boolean {
  if (count <= SAMPLE) return true;
  const share = SAMPLE / count;
  const before = index * share + phase;
  return Math.floor(before + share) > Math.floor(before);
}

async function sweep(scenario: FaultScenario): Promise<void> {
  using temp = new TempDir();
  const workspaces: Workspace[] = [];
  for (let index = 0; index < WORKERS; index += 1) {
    const root = temp.join(`workspace${index}`);
    await Deno.mkdir(root);
    workspaces.push(new Workspace(root, scenario));
  }
  const [first] = workspaces as [Workspace];
  await first.prepare();
  const paths = await pathsTouched(first.trace, {
    root: first.dataDir,
    stdoutFile: first.stdoutFile,
  });
  await first.prepare();
  const points = await findPoints(first.trace, { paths, root: first.dataDir });
  const phase = new Random(SEED).next();
  const trials = faultsFor(scenario, points)
    .filter(({ point }) => ONLY?.includes(point.syscall) ?? true)
    .filter((_, index, { length: count }) => isSampled(index, { count, phase }))
    .map((trial, index): Trial => ({ ...trial, index }));
  const tally: Tally = { tried: 0, missed: 0, failures: [] };
  await runInParallel(trials, WORKERS, async (trial, worker) => {
    const workspace = workspaces[worker] ?? first;
    await tryOne(workspace, trial, {
      paths: workspace.translate(paths, first),
      tally,
    });
  });
  report(
    `fault sweep, ${scenario.name}: FAULT_SEED=${SEED}, ${points.length} points, ${tally.tried} faults tried, ${tally.missed} not reached`,
  );
  assertEquals(
    tally.failures.length,
    0,
    `${tally.failures.length} of ${tally.tried} faults:\n  ${
      tally.failures.slice(0, SHOWN).join("\n  ")
    }\n`,
  );
  assert(ONLY !== undefined || tally.tried > 0, "no fault tried");
  assertEquals(tally.missed, 0, "faults whose system call was not reached");
}

for (const scenario of SCENARIOS) {
  testWith(
    ["command:strace", `binary:${OURS}`],
    `a fault at any file call never loses, leaks or duplicates an address: ${scenario.name}`,
    () => sweep(scenario),
  );
}
