/**
 * Measures host-local as each engine runs it, and writes docs/bench.md and docs/bench.svg.
 *
 * `HOST_LOCAL_BIN`, `EMPTY_BIN` and `CNI_UPSTREAM_DIR` select other binaries; `TMPDIR` is where the
 * networks are. Needs root.
 *
 * @module
 */

import { Caller } from "./bench/caller.ts";
import { Conditions } from "./bench/conditions.ts";
import { measureBridge } from "./bench/host_local/bridge.ts";
import { measureBursts } from "./bench/host_local/bursts.ts";
import { type Figures, targetsOf } from "./bench/host_local/figures.ts";
import { measureLimits } from "./bench/host_local/limits.ts";
import { measureMemory } from "./bench/host_local/memory.ts";
import { addAndDeleteIn } from "./bench/host_local/network.ts";
import { Programs, STANDALONE } from "./bench/host_local/programs.ts";
import { formatReport } from "./bench/host_local/report.ts";
import { measureSizes } from "./bench/host_local/sizes.ts";
import { EMPTY, measureStart } from "./bench/host_local/start.ts";
import { describeMachine } from "./bench/machine.ts";
import { formatHostLocalPlot } from "./bench/host_local/plot.ts";
import { measureScripts } from "./bench/script.ts";
import { ratio } from "./bench/report.ts";
import { binaryNamed } from "./build/binaries.ts";
import { Folder } from "./lab/folder.ts";
import { cleanUpWhenInterrupted } from "./lab/interrupt.ts";
import { capture } from "./process.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

async function measureHostLocalScripts(
  folder: string,
): Promise<Figures["scripts"]> {
  const calls = addAndDeleteIn(`${folder}/scripts`);
  return await measureScripts(binaryNamed("host-local"), {
    folder,
    calls: {
      VERSION: { env: { CNI_COMMAND: "VERSION" } },
      ADD: calls.add,
      DEL: calls.delete,
    },
  });
}

async function measureAll(caller: Caller, folder: string): Promise<Figures> {
  await using programs = await Programs.start(folder);
  print("VERSION ...");
  const startMs = await measureStart(caller, programs);
  print("deno run ...");
  const scripts = await measureHostLocalScripts(folder);
  const sizes = await measureSizes(caller, programs, folder);
  print("bridge ...");
  const bridge = await measureBridge(caller, programs, folder);
  print("ADDs at once ...");
  const bursts = await measureBursts(caller, programs, folder);
  print("little memory or CPU time ...");
  const limits = await measureLimits(caller, folder);
  print("memory after many calls ...");
  const memory = await measureMemory(caller, folder);
  return { startMs, scripts, ...sizes, ...bridge, bursts, limits, memory };
}

if (import.meta.main) {
  if (Deno.uid() !== 0) {
    warn("bench:host-local uses namespaces and control groups: run it as root");
    Deno.exit(1);
  }
  const startMs = performance.now();
  cleanUpWhenInterrupted();
  using folder = new Folder("cni-ipam-bench-");
  const caller = await Caller.build(folder.path);
  const conditions = new Conditions(folder.path);
  const figures = await measureAll(caller, folder.path);
  const machine = await describeMachine(folder.path, {
    "dist/host-local": STANDALONE,
    "dist/empty": EMPTY,
  });
  const date = new Date().toISOString().slice(0, 10);
  const written = ["md", "svg"].map((ext) => `${REPOSITORY}/docs/bench.${ext}`);
  const [report = "", plot = ""] = written;
  await Deno.writeTextFile(
    report,
    formatReport(figures, {
      machine: [...machine, ...conditions.describe(caller)],
      date,
    }),
  );
  await Deno.writeTextFile(plot, formatHostLocalPlot(figures));
  // `deno fmt --check` covers both files.
  await capture([Deno.execPath(), "fmt", "--quiet", ...written]);
  for (const { text, value, isReached } of targetsOf(figures)) {
    const outcome = isReached ? "reached" : "missed ";
    print(`${outcome} ${text}; measured ${ratio(value)}`);
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  print(`docs/bench.md and docs/bench.svg written after ${seconds} s`);
}
