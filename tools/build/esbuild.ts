/** Puts the pinned esbuild where `deno bundle` expects it. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { capture } from "../process.ts";
import { pinnedExecutable, type PinnedFile, sha256 } from "./pinned_file.ts";
import { ESBUILD, ESBUILD_VERSION } from "./pins.ts";
import { hostTarget, type Target } from "./target.ts";

/** The name that Deno gives to esbuild's npm package, without the scope. */
const NAME: Readonly<Record<Target, string>> = {
  "x86_64-unknown-linux-gnu": "esbuild-linux-x64",
  "aarch64-unknown-linux-gnu": "esbuild-linux-arm64",
};

/** The layout of Deno's folder of downloads, which Deno counts. */
const LAYOUT = 1;

/**
 * Makes `deno bundle` call the pinned esbuild.
 *
 * Deno runs a file that is already in its folder of downloads without any check. So the file is
 * compared on each call, and replaced if it differs.
 *
 * @param denoDir Deno's folder (`DENO_DIR`); by default that of this process.
 * @throws {Error} if the pinned file cannot be downloaded.
 */
export async function pinEsbuild(
  denoDir?: string,
  file: PinnedFile = ESBUILD[hostTarget()],
): Promise<void> {
  const folder = `${denoDir ?? await currentDenoDir()}/dl/` +
    `esbuild-${ESBUILD_VERSION}-${LAYOUT}`;
  const path = `${folder}/${NAME[hostTarget()]}`;
  if (await hasHash(path, file.sha256)) return;
  const pinned = await pinnedExecutable(file);
  await ensureDir(folder);
  const work = await Deno.makeTempDir({ dir: folder });
  try {
    await Deno.copyFile(pinned, `${work}/esbuild`);
    await Deno.chmod(`${work}/esbuild`, 0o755);
    // Another build may run the file at this moment: it keeps the old one.
    await Deno.rename(`${work}/esbuild`, path);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function hasHash(path: string, wanted: string): Promise<boolean> {
  try {
    return sha256(await Deno.readFile(path)) === wanted;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function currentDenoDir(): Promise<string> {
  const { denoDir }: { readonly denoDir: string } = JSON.parse(
    await capture([Deno.execPath(), "info", "--json"]),
  );
  return denoDir;
}
