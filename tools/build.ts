/**
 * `deno task build [NAME ...] [--target TRIPLE | --all]`: compiles binaries into dist/.
 *
 * The default is all plugins and the launcher, for this machine.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Binary, chosenBinaries, PLUGINS } from "./build/binaries.ts";
import { compile } from "./build/compile.ts";
import { type Compiler, findCompiler } from "./build/compiler.ts";
import {
  buildLauncher,
  LAUNCHER,
  missingLauncherTools,
} from "./build/launcher.ts";
import {
  hostTarget,
  isTarget,
  outputPath,
  type Target,
  TARGETS,
} from "./build/target.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

/** A compiled binary. */
export interface Built {
  readonly name: string;
  readonly path: string;
  /** The compiler used. */
  readonly compiler: Compiler;
}

/**
 * Builds the binaries for one target and prints a line about each.
 *
 * @param compiler By default the one that is found for the target.
 * @throws {Error} if a binary cannot be built; those before it are complete.
 */
export async function build(
  binaries: readonly Binary[],
  target: Target,
  compiler?: Compiler,
): Promise<Built[]> {
  compiler ??= await findCompiler(target);
  const built: Built[] = [];
  for (const binary of binaries) {
    const path = outputPath(binary.name, target);
    await compile(binary, { compiler, target, output: path });
    const megabytes = ((await Deno.stat(path)).size / 1e6).toFixed(1);
    const shown = path.slice(REPOSITORY.length + 1);
    print(`${shown}: ${megabytes} MB, ${target}, runtime ${compiler.version}`);
    built.push({ name: binary.name, path, compiler });
  }
  return built;
}

/** Builds the launcher and prints a line about it; without clang and lld only says so. */
async function launcher(target: Target): Promise<void> {
  const missing = await missingLauncherTools();
  if (missing.length > 0) {
    print(
      `${LAUNCHER}: not built, because there is no ${missing.join(" and no ")}`,
    );
    return;
  }
  const path = outputPath(LAUNCHER, target);
  await buildLauncher(target, path);
  const { size } = await Deno.stat(path);
  print(`${path.slice(REPOSITORY.length + 1)}: ${size} bytes, ${target}`);
}

/**
 * Returns all targets, or the given one; this machine's by default.
 *
 * @throws {Error} if there is no such target.
 */
export function chosenTargets(
  all: boolean,
  target: string | undefined,
): readonly Target[] {
  if (all) return TARGETS;
  if (target === undefined) return [hostTarget()];
  if (!isTarget(target)) {
    throw new Error(
      `Cannot build for "${target}": expected ${TARGETS.join(" or ")}`,
    );
  }
  return [target];
}

if (import.meta.main) {
  try {
    const args = parseArgs(Deno.args, { boolean: ["all"], string: ["target"] });
    const names = args._.length === 0
      ? [...PLUGINS.map(({ name }) => name), LAUNCHER]
      : args._.map(String);
    const plugins = names.filter((name) => name !== LAUNCHER);
    const binaries = plugins.length === 0 ? [] : chosenBinaries(plugins);
    for (const target of chosenTargets(args.all, args.target)) {
      if (binaries.length > 0) await build(binaries, target);
      if (names.includes(LAUNCHER)) await launcher(target);
    }
  } catch (error) {
    warn(`build: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
