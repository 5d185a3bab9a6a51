/**
 * `deno task pin:runtime`: writes the hashes of Deno's runtimes to tools/build/runtime_pins.json.
 * For a maintainer who changes the version of Deno, on a machine that reaches both hosts where
 * Deno publishes its releases: it refuses runtimes that differ between the two.
 *
 * @module
 */

import { sha256 } from "./build/pinned_file.ts";
import { DENO_VERSION, type RuntimePin } from "./build/pins.ts";
import { archiveAddress, download } from "./build/runtime.ts";
import { type Target, TARGETS } from "./build/target.ts";
import { fileInZip } from "./build/zip.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

/** Where Deno publishes its releases: its own host, and GitHub. */
const DOWNLOADS: readonly string[] = [
  "https://dl.deno.land/release",
  "https://github.com/denoland/deno/releases/download",
];

/**
 * Returns the hashes of the runtime of a version.
 *
 * @throws {Error} if one of the addresses cannot be reached, or if the archives there differ.
 */
export async function learnPin(
  version: string,
  target: Target,
  addresses = DOWNLOADS,
): Promise<RuntimePin> {
  const found = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const downloads of addresses) {
    const archive = await download(archiveAddress(version, target, downloads));
    if (typeof archive === "string") {
      throw new Error(`Cannot download the runtime for ${target}: ${archive}`);
    }
    found.set(sha256(archive), archive);
  }
  const [first, ...others] = found;
  if (first === undefined || others.length > 0) {
    const hashes = [...found.keys()].join(" and ");
    throw new Error(
      `Cannot pin the runtime for ${target}: ${
        addresses.join(" and ")
      } have different archives, ` +
        hashes,
    );
  }
  const [archive, bytes] = first;
  return { archive, runtime: sha256(await fileInZip(bytes)) };
}

if (import.meta.main) {
  try {
    const targets: Partial<Record<Target, RuntimePin>> = {};
    for (const target of TARGETS) {
      targets[target] = await learnPin(DENO_VERSION, target);
    }
    const pins = { version: DENO_VERSION, targets };
    const path = "tools/build/runtime_pins.json";
    await Deno.writeTextFile(
      `${REPOSITORY}/${path}`,
      `${JSON.stringify(pins, undefined, 2)}\n`,
    );
    print(`${path}: review and commit it`);
  } catch (error) {
    warn(`pin:runtime: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
