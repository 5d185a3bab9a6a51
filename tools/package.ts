/**
 * `deno task package [--target TRIPLE | --all]`: builds the plugins, and makes Debian and RPM
 * packages of them in dist/packages/.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { ensureDir } from "@std/fs/ensure-dir";
import project from "../deno.json" with { type: "json" };
import { build, chosenTargets } from "./build.ts";
import { PLUGINS } from "./build/binaries.ts";
import { buildLauncher, LAUNCHER } from "./build/launcher.ts";
import { outputPath, type Target } from "./build/target.ts";
import { buildDeb } from "./package/deb.ts";
import type { Plugin } from "./package/package_files.ts";
import { sourceDateSeconds } from "./package/source_date.ts";
import { buildRpm } from "./package/rpm.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

const FOLDER = `${REPOSITORY}/dist/packages`;
const NAMES: readonly Plugin[] = ["host-local", "dhcp"];

async function packages(target: Target): Promise<void> {
  await build(PLUGINS, target);
  const launcher = outputPath(LAUNCHER, target);
  await buildLauncher(target, launcher);
  const dateSeconds = await sourceDateSeconds();
  for (const plugin of NAMES) {
    const facts = {
      ...{ plugin, target, dateSeconds, version: project.version },
      executables: { plugin: outputPath(plugin, target), launcher },
    };
    for (const make of [buildDeb, buildRpm]) {
      const path = await make(facts, FOLDER);
      print(path.slice(REPOSITORY.length + 1));
    }
  }
}

if (import.meta.main) {
  try {
    const args = parseArgs(Deno.args, { boolean: ["all"], string: ["target"] });
    await ensureDir(FOLDER);
    for (const target of chosenTargets(args.all, args.target)) {
      await packages(target);
    }
  } catch (error) {
    warn(`package: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
