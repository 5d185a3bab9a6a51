/**
 * Kills the resident process at every system call of a call, on the network's directory and on the
 * socket. The launcher then runs the standalone executable, and nothing is lost, leaked or
 * allocated twice.
 *
 * A run tries `FAULT_SAMPLE` points per scenario; `FAULT_SEED` repeats a sample, and `FAULT_FULL=1`
 * tries all.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { OURS } from "../../support/binaries.ts";
import { callHostLocal } from "../../support/host_local_call.ts";
import { readNetwork, writeNetwork } from "../../support/network_directory.ts";
import { type PluginOutcome } from "../../support/plugin_process.ts";
import { numberFromEnv, Random } from "../../support/random.ts";
import { report } from "../../support/report.ts";
import { testRowsWith } from "../../support/rows.ts";
import {
  RESIDENT_REQUIREMENTS,
  ResidentHostLocal,
} from "../../support/resident_host_local.ts";
import { readDetachedTrace, type TraceOutcome } from "../../support/strace.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { checkFollowUps, FOLLOW_UPS } from "./fault_follow_ups.ts";
import { checkOutcome } from "./fault_outcome.ts";
import type { FaultPoint } from "./fault_points.ts";
import {
  faultConfig,
  type FaultScenario,
  othersIn,
  SCENARIOS,
  TARGET,
} from "./fault_scenarios.ts";

const FULL = Deno.env.get("FAULT_FULL") === "1";
/** Number of points per scenario. */
const SAMPLE = FULL ? Infinity : numberFromEnv("FAULT_SAMPLE", 12);
const SEED = numberFromEnv("FAULT_SEED", Math.floor(Math.random() * 1e6));

const SOCKET_CALLS = new Set(["sendto", "recvfrom"]);

/** One call through the launcher, to a resident process under strace. */
class Trial implements Disposable {
  readonly #temp = new TempDir();
  readonly dataDir = this.#temp.join("data");
  readonly network = `${this.dataDir}/net`;
  readonly config: string;
  readonly scenario: FaultScenario;

  private constructor(scenario: FaultScenario) {
    this.scenario = scenario;
    this.config = faultConfig(this.dataDir, othersIn(scenario));
    if (scenario.files === undefined) return;
    writeNetwork(this.network, scenario.files);
  }

  static async prepare(scenario: FaultScenario): Promise<Trial> {
    const trial = new Trial(scenario);
    if (scenario.indexed) await trial.#fillIndex();
    return trial;
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }

  /** Makes the call. @param options Of strace. */
  async run(options: readonly string[]): Promise<TraceOutcome> {
    const trace = this.#temp.join("trace");
    let outcome: PluginOutcome;
    let pid: number;
    {
      await using resident = await ResidentHostLocal.start({
        runner: ["strace", "-D", "-f", "-o", trace, ...options, "--"],
      });
      ({ pid } = resident.daemon);
      outcome = await callHostLocal({
        binary: resident.binary,
        command: this.scenario.command,
        containerId: TARGET,
        config: this.config,
      });
    }
    return { ...outcome, ...await readDetachedTrace(trace, pid) };
  }

  /**
   * Fills the index. After an ADD in this boot, the next one does not read the files to record
   * which are from an earlier boot.
   */
  async #fillIndex(): Promise<void> {
    const { config } = this;
    for (const command of ["ADD", "DEL"]) {
      const containerId = "unknown";
      await callHostLocal({ binary: OURS, command, containerId, config });
    }
    assert(readNetwork(this.network).others.includes(".index.db"));
  }

  /** The paths of the network, for strace to select calls by them. */
  pathOptions(names: Iterable<string>): string[] {
    const paths = [
      this.dataDir,
      this.network,
      ...[...names].map((name) => `${this.network}/${name}`),
    ];
    return paths.flatMap((path) => ["-P", path]);
  }
}

/** Returns the names in the network's directory that the call uses. */
async function namesTouched(scenario: FaultScenario): Promise<Set<string>> {
  using trial = await Trial.prepare(scenario);
  const { calls } = await trial.run(["-y"]);
  const prefix = `${trial.network}/`;
  const names = new Set<string>();
  for (const { args } of calls) {
    for (const [path] of args.matchAll(/\/[^"<>, ]+/g)) {
      if (path.startsWith(prefix)) names.add(path.slice(prefix.length));
    }
  }
  return names;
}

/** Returns the points of a trace: the calls, numbered by their names. */
function numbered(
  calls: TraceOutcome["calls"],
  isPoint: (name: string) => boolean,
): FaultPoint[] {
  const counts = new Map<string, number>();
  return calls.filter(({ name }) => isPoint(name)).map(({ name, args }) => {
    const ordinal = (counts.get(name) ?? 0) + 1;
    counts.set(name, ordinal);
    return { syscall: name, ordinal, args };
  });
}

/** Leaves out what the process does with sockets before the launcher connects. */
function sinceConnection(points: readonly FaultPoint[]): FaultPoint[] {
  const connection = points.findIndex(({ syscall, args }) =>
    syscall === "accept4" && args.includes("{sa_family=AF_UNIX}")
  );
  return points.slice(connection)
    .filter(({ syscall, ordinal }) =>
      SOCKET_CALLS.has(syscall) &&
      // strace counts the calls of each thread. The one that waits for signals makes two when the
      // process starts, or later on a busy machine.
      !(syscall === "recvfrom" && ordinal <= 2)
    );
}

async function findPoints(
  scenario: FaultScenario,
  names: ReadonlySet<string>,
): Promise<{ readonly files: FaultPoint[]; readonly socket: FaultPoint[] }> {
  using onFiles = await Trial.prepare(scenario);
  const files = await onFiles.run(onFiles.pathOptions(names));
  using onSocket = await Trial.prepare(scenario);
  const socket = await onSocket.run([
    "-e",
    "trace=accept4,sendto,recvfrom",
  ]);
  return {
    files: numbered(files.calls, (name) => name !== "epoll_ctl"),
    socket: sinceConnection(numbered(socket.calls, () => true)),
  };
}

/** @returns Whether the point was reached. */
async function tryPoint(
  scenario: FaultScenario,
  { point, names, index }: {
    readonly point: FaultPoint;
    readonly names: ReadonlySet<string>;
    readonly index: number;
  },
): Promise<boolean> {
  using trial = await Trial.prepare(scenario);
  const before = readNetwork(trial.network);
  const outcome = await trial.run([
    ...SOCKET_CALLS.has(point.syscall) ? [] : trial.pathOptions(names),
    "-e",
    `inject=${point.syscall}:signal=KILL:when=${point.ordinal}`,
  ]);
  if (!outcome.events.some((event) => event.includes("killed by SIGKILL"))) {
    return false;
  }
  const { config, network } = trial;
  const call = {
    ...{ binary: OURS, scenario, point, fault: "KILL" as const },
    ...{ config, network, before, outcome },
  };
  try {
    assertEquals([outcome.code, outcome.stderr], [0, ""], outcome.stdout);
    checkOutcome(call);
    const order = FOLLOW_UPS[index % FOLLOW_UPS.length] ?? "DEL first";
    await checkFollowUps(call, order);
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    throw new Error(
      `FAULT_SEED=${SEED}, kill at ${point.syscall} #${point.ordinal} (${point.args}): ${reason}`,
      { cause: failure },
    );
  }
  return true;
}

testRowsWith(
  [...RESIDENT_REQUIREMENTS, "command:strace"],
  "a call whose resident process is killed succeeds, and loses, leaks and duplicates nothing:",
  // GC reads all files, with an index as well.
  SCENARIOS.filter(({ indexed, command, beforeBoot }) =>
    !beforeBoot && !(indexed && command === "GC")
  ),
  async (scenario) => {
    const names = await namesTouched(scenario);
    const { files, socket } = await findPoints(scenario, names);
    const random = new Random(SEED);
    const sampled = random.shuffle(files).slice(0, SAMPLE);
    let tried = 0;
    for (const [index, point] of [...socket, ...sampled].entries()) {
      if (await tryPoint(scenario, { point, names, index })) tried++;
    }
    report(
      `resident fault sweep, ${scenario.name}: FAULT_SEED=${SEED}, ${files.length} points on files, ${socket.length} on the socket, ${tried} kills`,
    );
    // How often the socket is read depends on the time at which bytes arrive.
    assertEquals(tried >= sampled.length + 3, true, `${tried} kills`);
  },
);
