/**
 * Measures the compiled dhcp plugin and daemon and upstream's, and writes docs/bench_dhcp.md.
 *
 * `DHCP_BIN`, `EMPTY_BIN` and `CNI_UPSTREAM_DIR` select other binaries. Needs root, `dnsmasq` and
 * `nft`; everything runs in network namespaces of its own.
 * @module
 */

import {
  type AddTimes,
  AT_ONCE,
  type Callers,
  type DhcpFigures,
  dhcpTargets,
  type HeldFigures,
  LEASES,
  LOSS_PERCENT,
} from "./bench/dhcp/figures.ts";
import { type Container, DhcpLab, WIDTH } from "./bench/dhcp/lab.ts";
import { formatDhcpReport } from "./bench/dhcp/report.ts";
import { Side } from "./bench/dhcp/side.ts";
import { describeMachine } from "./bench/machine.ts";
import { alternatingMedians, timeOf } from "./bench/process_time.ts";
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

/** Number of calls made one at a time; fewer for upstream where each takes seconds. */
const ROUNDS = 60;
const UPSTREAM_DOWN_ROUNDS = 12;
const TOGETHER_ROUNDS = 4;
/** Enough calls of ours for a 99th percentile; upstream's take long, so they all run at once. */
const LOSSY: Callers<{ readonly containers: number; readonly rounds: number }> =
  {
    launcher: { containers: 20, rounds: 15 },
    ours: { containers: 20, rounds: 15 },
    upstream: { containers: AT_ONCE, rounds: 2 },
  };
/** dnsmasq's shortest lease, renewed early. */
const TIMES = { lease: 120, t1: 10 };
/** How long renewals are counted: a few per lease. */
const WATCH_MS = 30_000;
/** The pause between the last ADD and the reading of the daemon's memory. */
const SETTLE_MS = 3000;

async function measureStart(): Promise<DhcpFigures["startMs"]> {
  const version = (program: string) => async (): Promise<number[]> => [
    await timeOf({ program, env: { CNI_COMMAND: "VERSION" } }),
  ];
  const [[ours = 0] = [], [upstream = 0] = [], [empty = 0] = []] =
    await alternatingMedians(41, [
      version(OURS),
      version(UPSTREAM),
      version(EMPTY),
    ]);
  return { ours, upstream, empty };
}

/** The times of the calls that succeeded, and how many failed. */
async function timesOf(calls: readonly Promise<number>[]): Promise<AddTimes> {
  const settled = await Promise.allSettled(calls);
  const timesMs = settled.flatMap((each) =>
    each.status === "fulfilled" ? [each.value] : []
  );
  return { timesMs, failed: settled.length - timesMs.length };
}

function join(parts: readonly AddTimes[]): AddTimes {
  return {
    timesMs: parts.flatMap(({ timesMs }) => timesMs),
    failed: parts.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/** One ADD at a time, alternately; preparation and DEL run between them. */
async function measureSingle(
  sides: Callers<Side>,
  containers: Callers<Container>,
  link: "up" | "down",
): Promise<Callers<AddTimes>> {
  const seen: Callers<AddTimes[]> = { launcher: [], ours: [], upstream: [] };
  const turn = async (who: keyof Callers<Side>): Promise<void> => {
    const container = containers[who];
    await container.setLink(link);
    seen[who].push(await timesOf([sides[who].add(container)]));
    await sides[who].delete(container);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await turn("launcher");
    await turn("ours");
    if (link === "up" || round < UPSTREAM_DOWN_ROUNDS) await turn("upstream");
  }
  return {
    launcher: join(seen.launcher),
    ours: join(seen.ours),
    upstream: join(seen.upstream),
  };
}

/** Measures one way to call after the other. */
async function inTurn<T>(
  measure: (who: keyof Callers<T>) => Promise<T>,
): Promise<Callers<T>> {
  const launcher = await measure("launcher");
  const ours = await measure("ours");
  return { launcher, ours, upstream: await measure("upstream") };
}

async function measureTogether(
  side: Side,
  containers: readonly Container[],
): Promise<AddTimes> {
  await runInParallel(
    containers,
    WIDTH,
    (container) => container.setLink("up"),
  );
  const seen: AddTimes[] = [];
  for (let round = 0; round < TOGETHER_ROUNDS; round += 1) {
    seen.push(await timesOf(containers.map((each) => side.add(each))));
    await runInParallel(containers, WIDTH, (each) => side.delete(each));
  }
  return join(seen);
}

async function measureLossy(
  side: Side,
  all: readonly Container[],
  { containers: width, rounds }: typeof LOSSY["ours"],
): Promise<AddTimes> {
  const seen = await runInParallel(
    all.slice(0, width),
    width,
    async (container) => {
      const own: AddTimes[] = [];
      for (let round = 0; round < rounds; round += 1) {
        own.push(await timesOf([side.add(container)]));
        await side.delete(container);
      }
      return join(own);
    },
  );
  return join(seen);
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

async function measureAdds(
  folder: string,
): Promise<Pick<DhcpFigures, "up" | "down" | "together" | "lossy">> {
  await using lab = await DhcpLab.open({ lease: 3600, t1: 1800 }, folder);
  const flags = flagsOf(OURS);
  await using launcher = await Side.start(OURS, lab, "launcher", {
    flags,
    launcher: LAUNCHER_BIN,
  });
  await using ours = await Side.start(OURS, lab, "ours", { flags });
  await using upstream = await Side.start(UPSTREAM, lab, "upstream");
  const sides = { launcher, ours, upstream };
  const containers = await inTurn(() => lab.containers(AT_ONCE));
  const single = {
    launcher: firstOf(containers.launcher),
    ours: firstOf(containers.ours),
    upstream: firstOf(containers.upstream),
  };
  print("ADD, link up ...");
  const up = await measureSingle(sides, single, "up");
  print("ADD, link down ...");
  const down = await measureSingle(sides, single, "down");
  print(`${AT_ONCE} at once ...`);
  const together = await inTurn((who) =>
    measureTogether(sides[who], containers[who])
  );
  print(`${LOSS_PERCENT} % of frames lost ...`);
  lab.dropFrames(LOSS_PERCENT);
  const lossy = await inTurn((who) =>
    measureLossy(sides[who], containers[who], LOSSY[who])
  );
  lab.dropNoFrames();
  return { up, down, together, lossy };
}

function firstOf([first]: readonly Container[]): Container {
  if (first === undefined) throw new RangeError("No container");
  return first;
}

async function measureAll(folder: string): Promise<DhcpFigures> {
  print("process start ...");
  const startMs = await measureStart();
  print("deno run ...");
  const scripts = await measureScripts(binaryNamed("dhcp"), {
    folder,
    calls: { VERSION: { env: { CNI_COMMAND: "VERSION" } } },
  });
  const adds = await measureAdds(folder);
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
  return { startMs, scripts, ...adds, held };
}

if (import.meta.main) {
  if (Deno.uid() !== 0) {
    warn("bench:dhcp creates network namespaces: run it as root");
    Deno.exit(1);
  }
  const startMs = performance.now();
  cleanUpWhenInterrupted();
  using folder = new Folder("cni-ipam-bench-");
  const figures = await measureAll(folder.path);
  const machine = await describeMachine(folder.path, { "dist/dhcp": OURS });
  const date = new Date().toISOString().slice(0, 10);
  await Deno.writeTextFile(
    REPORT,
    formatDhcpReport(figures, { machine, date }),
  );
  await capture([Deno.execPath(), "fmt", "--quiet", REPORT]);
  for (const { text, value, isReached } of dhcpTargets(figures)) {
    const outcome = isReached ? "reached" : "missed ";
    print(`${outcome} ${text}; measured ${value.toFixed(2)}`);
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  print(`docs/bench_dhcp.md written after ${seconds} s`);
}
