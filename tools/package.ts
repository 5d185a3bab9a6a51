/**
 * `deno task package [--target TRIPLE | --all]`: builds the plugins, and makes Debian and RPM
 * packages of them in dist/packages/.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { ensureDir } from "@std/fs/ensure-dir";
import { chosenTargets } from "./build.ts";
import { buildExecutables } from "./build/executables.ts";
import { buildPackages, packageNames } from "./package/packages.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

const FOLDER = `${REPOSITORY}/dist/packages`;

if (import.meta.main) {
  try {
    const args = parseArgs(Deno.args, { boolean: ["all"], string: ["target"] });
    await ensureDir(FOLDER);
    for (const target of chosenTargets(args.all, args.target)) {
      await buildPackages(target, await buildExecutables(target), FOLDER);
      for (const name of packageNames(target)) {
        print(`${FOLDER.slice(REPOSITORY.length + 1)}/${name}`);
      }
    }
  } catch (error) {
    warn(`package: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
