/** Builds all executables for a target. @module */

import { build } from "../build.ts";
import { PLUGINS } from "./binaries.ts";
import { type Compiler, findCompiler } from "./compiler.ts";
import { buildLauncher, LAUNCHER } from "./launcher.ts";
import { outputPath, type Target } from "./target.ts";

/** Where the executables are: name to path. */
export type Executables = Readonly<
  Record<"host-local" | "dhcp" | typeof LAUNCHER, string>
>;

/** The executables of a target. */
export interface Built {
  readonly executables: Executables;
  /** What compiled the plugins. */
  readonly compiler: Compiler;
}

/** Builds the plugins and the launcher. */
export async function buildExecutables(target: Target): Promise<Built> {
  const compiler = await findCompiler(target);
  await build(PLUGINS, target, compiler);
  const launcher = outputPath(LAUNCHER, target);
  await buildLauncher(target, launcher);
  return {
    compiler,
    executables: {
      "host-local": outputPath("host-local", target),
      "dhcp": outputPath("dhcp", target),
      [LAUNCHER]: launcher,
    },
  };
}
