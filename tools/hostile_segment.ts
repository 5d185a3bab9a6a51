/**
 * Attacks this project's dhcp daemon and upstream's from a hostile segment, and writes
 * docs/hostile_segment.md.
 *
 * `--seconds=N` is the duration of each attack, `--attack=NAME` runs one only. `DHCP_BIN` and
 * `CNI_UPSTREAM_DIR` select other binaries. Needs root, `dnsmasq`, `perl` and `setpriv`; everything
 * runs in network namespaces of its own.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import type { Container } from "./bench/dhcp/lab.ts";
import { Side } from "./bench/dhcp/side.ts";
import { describeMachine } from "./bench/machine.ts";
import { type Attack, attackOf, ATTACKS } from "./hostile/attacks.ts";
import type { AttackFigures } from "./hostile/figures.ts";
import { formatHostileReport, hostileTable } from "./hostile/report.ts";
import { Segment } from "./hostile/segment.ts";
import { Folder } from "./lab/folder.ts";
import { cleanUpWhenInterrupted } from "./lab/interrupt.ts";
import { capture } from "./process.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

const OURS = Deno.env.get("DHCP_BIN") ?? `${REPOSITORY}/dist/dhcp`;
const UPSTREAM = `${Deno.env.get("CNI_UPSTREAM_DIR") ?? "/usr/lib/cni"}/dhcp`;
const REPORT = `${REPOSITORY}/docs/hostile_segment.md`;

const SECONDS = 8;
/** Longer than any successful ADD. */
const CALL_TIMEOUT_MS = 20_000;
const SAMPLE_MS = 250;
/** The pause between an attack and the reading of the memory. */
const SETTLE_MS = 2000;
/** Leases that the daemon keeps during the attacks. */
const LEASES = 3;

/** A daemon to attack. */
interface HostileTarget {
  readonly name: string;
  readonly binary: string;
}

/** The daemons that the report compares. */
const TARGETS: readonly HostileTarget[] = [
  { name: "here", binary: OURS },
  { name: "upstream", binary: UPSTREAM },
];

/** Repeats ADD and DEL of a container until `isOver`, at least once. */
async function repeatCalls(
  side: Side,
  container: Container,
  isOver: () => boolean,
): Promise<{ readonly timesMs: number[]; readonly failed: number }> {
  const timesMs: number[] = [];
  let failed = 0;
  do {
    try {
      timesMs.push(await side.add(container));
    } catch {
      failed += 1;
      // A daemon that has ended refuses at once.
      await pass(SAMPLE_MS);
    }
    await side.delete(container).catch(() => {}); // The ADD counts.
  } while (!isOver());
  return { timesMs, failed };
}

async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** The daemon's memory and CPU time; undefined if it has ended. */
async function useOf(
  side: Side,
): Promise<{ readonly memoryMb: number; readonly cpuMs: number } | undefined> {
  try {
    return await side.use();
  } catch {
    return undefined;
  }
}

/** Allows every user to connect to the daemon. */
async function openToAll({ folder, socketPath }: Side): Promise<void> {
  await Deno.chmod(folder.slice(0, folder.lastIndexOf("/")), 0o755);
  await Deno.chmod(folder, 0o755);
  await Deno.chmod(socketPath, 0o666);
}

async function measure(
  attack: Attack,
  { segment, side, name, seconds }: {
    readonly segment: Segment;
    readonly side: Side;
    readonly name: string;
    readonly seconds: number;
  },
): Promise<AttackFigures> {
  const [victim, other] = [
    await segment.container(),
    await segment.container(),
  ];
  const logBefore = side.log;
  const before = await useOf(side);
  const { socketPath } = side;
  if (attack.kind === "connections") await openToAll(side);
  const running = await segment.attack(attack, { seconds, victim, socketPath });
  let isOver = false;
  const startMs = performance.now();
  const sent = running.sent.finally(() => isOver = true);
  let peakMb = NaN;
  let last = before;
  const sampled = (async () => {
    while (!isOver) {
      last = await useOf(side);
      const { memoryMb = NaN } = last ?? {};
      peakMb = Number.isNaN(peakMb) ? memoryMb : Math.max(peakMb, memoryMb);
      await pass(SAMPLE_MS);
    }
  })();
  const [count, attacked, spared] = await Promise.all([
    sent,
    repeatCalls(side, victim, () => isOver),
    repeatCalls(side, other, () => isOver),
    sampled,
  ]);
  const tookS = (performance.now() - startMs) / 1000;
  await pass(SETTLE_MS);
  const after = await useOf(side);
  const log = side.log.slice(logBefore.length);
  if (after === undefined) await side.restart();
  return {
    attack: attack.name,
    side: name,
    sent: count,
    hasEnded: after === undefined,
    peakMb,
    afterMb: after?.memoryMb ?? NaN,
    cpuMsPerSecond: ((after ?? last)?.cpuMs ?? NaN) / tookS -
      (before?.cpuMs ?? NaN) / tookS,
    logLines: log.split("\n").length - 1,
    addMs: spared.timesMs,
    failedAdds: spared.failed,
    victimAdds: attacked.timesMs.length + attacked.failed,
    victimFailedAdds: attacked.failed,
  };
}

/** Attacks each daemon in turn. The figures of one attack are adjacent. */
export async function attackAll(
  { targets, attacks, seconds, folder, onProgress = () => {} }: {
    readonly targets: readonly HostileTarget[];
    readonly attacks: readonly Attack[];
    readonly seconds: number;
    readonly folder: string;
    /** Receives the figures of each attack. */
    readonly onProgress?: (figures: AttackFigures) => void;
  },
): Promise<AttackFigures[]> {
  const figures: AttackFigures[] = [];
  await using segment = await Segment.open(folder);
  for (const { name, binary } of targets) {
    await using side = await Side.start(binary, segment, name, {
      callTimeoutMs: CALL_TIMEOUT_MS,
    });
    for (let lease = 0; lease < LEASES; lease += 1) {
      await side.add(await segment.container());
    }
    for (const attack of attacks) {
      const own = await measure(attack, { segment, side, name, seconds });
      onProgress(own);
      figures.push(own);
    }
  }
  return attacks.flatMap(({ name }) =>
    figures.filter((each) => each.attack === name)
  );
}

if (import.meta.main) {
  if (Deno.uid() !== 0) {
    warn("test:hostile creates network namespaces: run it as root");
    Deno.exit(1);
  }
  const options = parseArgs(Deno.args, { string: ["attack", "seconds"] });
  const seconds = Number(options.seconds ?? SECONDS);
  const attacks = options.attack === undefined
    ? ATTACKS
    : [attackOf(options.attack)];
  cleanUpWhenInterrupted();
  using folder = new Folder("cni-ipam-hostile-");
  const figures = await attackAll({
    targets: TARGETS,
    attacks,
    seconds,
    folder: folder.path,
    onProgress: ({ side, attack }) => print(`${side}: ${attack}`),
  });
  for (const line of hostileTable(figures)) print(line);
  if (attacks === ATTACKS) {
    const machine = await describeMachine(folder.path, { "dist/dhcp": OURS });
    const date = new Date().toISOString().slice(0, 10);
    await Deno.writeTextFile(
      REPORT,
      formatHostileReport(figures, { machine, date, seconds }),
    );
    await capture([Deno.execPath(), "fmt", "--quiet", REPORT]);
    print("docs/hostile_segment.md written");
  }
}
