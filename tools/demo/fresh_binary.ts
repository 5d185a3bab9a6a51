/** The compiled plugin, rebuilt only if it is older than its sources. @module */

import { walkSync } from "@std/fs/walk";
import { build } from "../build.ts";
import { PLUGINS } from "../build/binaries.ts";
import { hostTarget, outputPath } from "../build/target.ts";
import { REPOSITORY } from "../repository.ts";

/** Builds `name` for this machine if necessary. @returns The path of the binary. */
export async function freshBinary(name: string): Promise<string> {
  const target = hostTarget();
  const binary = outputPath(name, target);
  if (isOutdated(binary)) {
    await build(PLUGINS.filter((plugin) => plugin.name === name), target);
  }
  return binary;
}

function isOutdated(binary: string): boolean {
  const built = modified(binary);
  const mains = [...Deno.readDirSync(REPOSITORY)].map(({ name }) => name)
    .filter((name) => name.startsWith("main_"));
  return [
    ...[...walkSync(`${REPOSITORY}/lib`)].map(({ path }) => path),
    ...[...mains, "deno.json"].map((name) => `${REPOSITORY}/${name}`),
  ].some((path) => modified(path) > built);
}

/** Milliseconds; 0 if there is no such file. */
function modified(path: string): number {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
