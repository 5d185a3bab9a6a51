/**
 * Measures dhcp as each engine runs it, and both daemons, and writes docs/bench_dhcp.md and .svg.
 *
 * `DHCP_BIN`, `EMPTY_BIN` and `CNI_UPSTREAM_DIR` select other binaries. Needs root, `dnsmasq` and
 * `nft`; everything runs in network namespaces of its own.
 * @module
 */

import { Caller, type CallOutcome } from "./bench/caller.ts";
import { Conditions } from "./bench/conditions.ts";
import {
  type AddTimes,
  AT_ONCE,
  type DhcpFigures,
  dhcpTargets,
  type HeldFigures,
  LEASES,
  LOSS_PERCENT,
} from "./bench/dhcp/figures.ts";
import { type Container, DhcpLab, WIDTH } from "./bench/dhcp/lab.ts";
import { formatDhcpPlot } from "./bench/dhcp/plot.ts";
import { formatDhcpReport } from "./bench/dhcp/report.ts";
import { Side } from "./bench/dhcp/side.ts";
import {
  type Engine,
  ENGINE_GROUPS,
  ENGINES,
  type PerEngine,
  perEngine,
  perEngineInTurn,
} from "./bench/engines.ts";
import { describeMachine } from "./bench/machine.ts";
import { median } from "./bench/process_time.ts";
import { ratio } from "./bench/report.ts";
import { measureScripts } from "./bench/script.ts";
import { binaryNamed } from "./build/binaries.ts";
import { LAUNCHER } from "./build/launcher.ts";
import { Folder } from "./lab/folder.ts";
import { cleanUpWhenInterrupted } from "./lab/interrupt.ts";
import { runInParallel } from "./parallel.ts";
import { capture } from "./process.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

const OURS = Deno.env.get("DHCP_BIN") ?? `${REPOSITORY}/dist/dhcp`;
const LAUNCHER_BIN = `${REPOSITORY}/dist/${LAUNCHER}`;
const EMPTY = Deno.env.get("EMPTY_BIN") ?? `${REPOSITORY}/dist/empty`;
const UPSTREAM = `${Deno.env.get("CNI_UPSTREAM_DIR") ?? "/usr/lib/cni"}/dhcp`;
const REPORT = `${REPOSITORY}/docs/bench_dhcp.md`;
const PLOT = `${REPOSITORY}/docs/bench_dhcp.svg`;

/** Number of calls made one at a time; fewer for upstream where each takes seconds. */
const ROUNDS = 60;
const UPSTREAM_DOWN_ROUNDS = 12;
const TOGETHER_ROUNDS = 4;
/** Enough calls of ours for a 99th percentile; upstream's take long, so they all run at once. */
const LOSSY: PerEngine<
  { readonly containers: number; readonly rounds: number }
> = {
  resident: { containers: 20, rounds: 15 },
  standalone: { containers: 20, rounds: 15 },
  upstream: { containers: AT_ONCE, rounds: 2 },
};
/** dnsmasq's shortest lease, renewed early. */
const TIMES = { lease: 120, t1: 10 };
/** How long renewals are counted: a few per lease. */
const WATCH_MS = 30_000;
/** The pause between the last ADD and the reading of the daemon's memory. */
const SETTLE_MS = 3000;

async function measureStart(
  caller: Caller,
  sides: PerEngine<Side>,
): Promise<DhcpFigures["startMs"]> {
  const [resident = NaN, upstream = NaN] = await medianStarts(caller, [
    sides.resident.program,
    sides.upstream.program,
  ]);
  const [standalone = NaN, empty = NaN] = await medianStarts(caller, [
    sides.standalone.program,
    EMPTY,
  ]);
  return { resident, standalone, upstream, empty };
}

/** Starts programs alternately. @returns The median of each. */
async function medianStarts(
  caller: Caller,
  programs: readonly string[],
): Promise<number[]> {
  const calls = programs.map((program) => ({
    program,
    env: { CNI_COMMAND: "VERSION" },
  }));
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push(await caller.times(calls));
  }
  return programs.map((_, index) =>
    median(rounds.map((times) => times[index] ?? NaN))
  );
}

/** The times of the calls that succeeded, and how many failed. */
function timesOf(outcomes: readonly CallOutcome[]): AddTimes {
  const timesMs = outcomes.filter(({ status }) => status === 0)
    .map(({ tookMs }) => tookMs);
  return { timesMs, failed: outcomes.length - timesMs.length };
}

/** One ADD at a time, alternately; preparation and DEL run between them. */
async function measureSingle(
  caller: Caller,
  lab: AddLab,
  link: "up" | "down",
): Promise<PerEngine<AddTimes>> {
  const seen: PerEngine<CallOutcome[]> = perEngine(() => []);
  const measure = async (engine: Engine): Promise<void> => {
    const [container] = lab.containers[engine];
    if (container === undefined) return;
    await container.setLink(link);
    const side = lab.sides[engine];
    const { outcomes: [[add] = []] } = await caller.outcomes([[
      side.addCall(container),
      side.deleteCall(container),
    ]], 1);
    if (add !== undefined) seen[engine].push(add);
  };
  for (const group of ENGINE_GROUPS) {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const engine of group) {
        const isTurn = engine !== "upstream" || link === "up" ||
          round < UPSTREAM_DOWN_ROUNDS;
        if (isTurn) await measure(engine);
      }
    }
  }
  return perEngine((engine) => timesOf(seen[engine]));
}

/** All ADDs at once, alternately. */
async function measureTogether(
  caller: Caller,
  { sides, containers }: AddLab,
): Promise<Pick<DhcpFigures, "together" | "togetherMs">> {
  for (const engine of ENGINES) {
    await runInParallel(
      containers[engine],
      WIDTH,
      (container) => container.setLink("up"),
    );
  }
  const seen: PerEngine<CallOutcome[]> = perEngine(() => []);
  const totals: PerEngine<number[]> = perEngine(() => []);
  for (let round = 0; round < TOGETHER_ROUNDS; round += 1) {
    for (const engine of ENGINES) {
      const side = sides[engine];
      const { totalMs, outcomes } = await caller.outcomes(
        containers[engine].map((container) => [side.addCall(container)]),
        AT_ONCE,
      );
      totals[engine].push(totalMs);
      seen[engine].push(...outcomes.flat());
      await caller.outcomes(
        containers[engine].map((container) => [side.deleteCall(container)]),
        WIDTH,
      );
    }
  }
  return {
    together: perEngine((engine) => timesOf(seen[engine])),
    togetherMs: perEngine((engine) => median(totals[engine])),
  };
}

async function measureLossy(
  caller: Caller,
  { sides, containers: all }: AddLab,
  engine: Engine,
): Promise<AddTimes> {
  const side = sides[engine];
  const { containers: width, rounds } = LOSSY[engine];
  const chains = all[engine].slice(0, width).map((container) =>
    Array.from({ length: rounds }, () => [
      side.addCall(container),
      side.deleteCall(container),
    ]).flat()
  );
  const { outcomes } = await caller.outcomes(chains, width);
  return timesOf(
    outcomes.flatMap((chain) => chain.filter((_, index) => index % 2 === 0)),
  );
}

/** The daemon's resources with all these leases, and its CPU time per renewal. */
async function measureHeld(
  side: Side,
  lab: DhcpLab,
  containers: readonly Container[],
): Promise<
  { readonly use: HeldFigures["use"]["ours"]; readonly renewalMs: number }
> {
  await lab.attach(containers);
  await pass(SETTLE_MS);
  const before = await side.use();
  const acks = countAcks(lab);
  await pass(WATCH_MS);
  const use = await side.use();
  return {
    use,
    renewalMs: (use.cpuMs - before.cpuMs) / (countAcks(lab) - acks),
  };
}

function countAcks({ dnsmasq }: DhcpLab): number {
  return dnsmasq.process.count("DHCPACK(");
}

async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Without the limit of packets, which would be measured instead; upstream's daemon has none. */
function flagsOf(binary: string): readonly string[] {
  return binary === OURS ? ["-packetrate", "0"] : [];
}

/** Each side has its own server here, so that only its renewals are counted. */
async function measureDaemon(
  folder: string,
  binary: string,
  name: string,
): Promise<
  (
    & Omit<HeldFigures, "use" | "renewalMs">
    & Awaited<ReturnType<typeof measureHeld>>
  )[]
> {
  const own = `${folder}/${name}-held`;
  await Deno.mkdir(own);
  await using lab = await DhcpLab.open(TIMES, own);
  await using side = await Side.start(binary, lab, name, {
    flags: flagsOf(binary),
  });
  const containers: Container[] = [];
  const figures = [];
  for (const leases of LEASES) {
    print(`${name}: daemon with ${leases} leases ...`);
    const more = await lab.containers(leases - containers.length);
    await runInParallel(more, WIDTH, async (container) => {
      await container.setLink("up");
      await side.add(container);
    });
    containers.push(...more);
    const held = await measureHeld(side, lab, containers);
    const restartMs = binary === OURS
      ? await side.restart("event=serving")
      : NaN;
    figures.push({ leases, ...held, restartMs });
  }
  return figures;
}

/** The engines, and the containers of each. */
interface AddLab {
  readonly sides: PerEngine<Side>;
  readonly containers: PerEngine<readonly Container[]>;
}

async function measureAdds(
  caller: Caller,
  folder: string,
): Promise<Omit<DhcpFigures, "scripts" | "held">> {
  await using network = await DhcpLab.open({ lease: 3600, t1: 1800 }, folder);
  const flags = flagsOf(OURS);
  await using resident = await Side.start(OURS, network, "resident", {
    flags,
    launcher: LAUNCHER_BIN,
  });
  await using standalone = await Side.start(OURS, network, "standalone", {
    flags,
  });
  await using upstream = await Side.start(UPSTREAM, network, "upstream");
  const lab = {
    sides: { resident, standalone, upstream },
    containers: await perEngineInTurn(() => network.containers(AT_ONCE)),
  };
  print("process start ...");
  const startMs = await measureStart(caller, lab.sides);
  print("ADD, link up ...");
  const up = await measureSingle(caller, lab, "up");
  print("ADD, link down ...");
  const down = await measureSingle(caller, lab, "down");
  print(`${AT_ONCE} at once ...`);
  const together = await measureTogether(caller, lab);
  print(`${LOSS_PERCENT} % of frames lost ...`);
  network.dropFrames(LOSS_PERCENT);
  const lossy = await perEngineInTurn((engine) =>
    measureLossy(caller, lab, engine)
  );
  network.dropNoFrames();
  return { startMs, up, down, ...together, lossy };
}

async function measureAll(
  caller: Caller,
  folder: string,
): Promise<DhcpFigures> {
  print("deno run ...");
  const scripts = await measureScripts(binaryNamed("dhcp"), {
    folder,
    calls: { VERSION: { env: { CNI_COMMAND: "VERSION" } } },
  });
  const adds = await measureAdds(caller, folder);
  const ours = await measureDaemon(folder, OURS, "ours");
  const upstream = await measureDaemon(folder, UPSTREAM, "upstream");
  const held = ours.map(({ leases, use, renewalMs, restartMs }, index) => {
    const theirs = upstream[index];
    if (theirs === undefined) throw new RangeError();
    return {
      leases,
      restartMs,
      use: { ours: use, upstream: theirs.use },
      renewalMs: { ours: renewalMs, upstream: theirs.renewalMs },
    };
  });
  return { scripts, ...adds, held };
}

if (import.meta.main) {
  if (Deno.uid() !== 0) {
    warn("bench:dhcp creates network namespaces: run it as root");
    Deno.exit(1);
  }
  const startMs = performance.now();
  cleanUpWhenInterrupted();
  using folder = new Folder("cni-ipam-bench-");
  const caller = await Caller.build(folder.path);
  const conditions = new Conditions(folder.path);
  const figures = await measureAll(caller, folder.path);
  const machine = await describeMachine(folder.path, { "dist/dhcp": OURS });
  const date = new Date().toISOString().slice(0, 10);
  await Deno.writeTextFile(
    REPORT,
    formatDhcpReport(figures, {
      machine: [...machine, ...conditions.describe(caller)],
      date,
    }),
  );
  await Deno.writeTextFile(PLOT, formatDhcpPlot(figures));
  // `deno fmt --check` covers both files.
  await capture([Deno.execPath(), "fmt", "--quiet", REPORT, PLOT]);
  for (const { text, value, isReached } of dhcpTargets(figures)) {
    const outcome = isReached ? "reached" : "missed ";
    print(`${outcome} ${text}; measured ${ratio(value)}`);
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  print(
    `docs/bench_dhcp.md and docs/bench_dhcp.svg written after ${seconds} s`,
  );
}
