/** Programs that run from a path of their own. @module */

import type { TempDir } from "./temp_dir.ts";

/**
 * Copies a program on PATH into the directory, once, and returns the path of the copy.
 *
 * An AppArmor profile is attached to the path of a program. Those that distributions ship for DHCP
 * servers allow only the files of the system's own service; no profile is attached to the copy.
 *
 * @throws {Error} if there is no such program.
 */
export function copyOfProgram(name: string, directory: TempDir): string {
  const copy = directory.join(`program-${name}`);
  // It may be running.
  if (isFile(copy)) return copy;
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      // With its permissions.
      Deno.copyFileSync(`${folder}/${name}`, copy);
      return copy;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`Cannot find "${name}" on PATH`);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
