/** Downloads the runtime that Deno publishes for a version and target. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { cacheFolder, sha256 } from "./pinned_file.ts";
import { type RuntimePin, runtimePin } from "./pins.ts";
import type { Target } from "./target.ts";
import { fileInZip } from "./zip.ts";

/** Where Deno publishes its releases; `deno compile` downloads from there as well. */
const DOWNLOADS = "https://dl.deno.land/release";

/** How long the host may take to respond; the download itself may take longer. */
const RESPONSE_TIMEOUT_MS = 10_000;
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** A runtime on this machine. */
export interface Runtime {
  readonly path: string;
  /** In hex. */
  readonly sha256: string;
}

/** Returns the address of the archive with a runtime. */
export function archiveAddress(
  version: string,
  target: Target,
  downloads = DOWNLOADS,
): string {
  return `${downloads}/v${version}/denort-${target}.zip`;
}

/** What a runtime is downloaded from, and kept in. */
export interface RuntimeOptions {
  readonly downloads?: string;
  readonly cache?: string;
  /** The hashes; by default those in this repository. */
  readonly pin?: RuntimePin | undefined;
}

/**
 * Returns the runtime, and downloads it if it is not in the cache.
 *
 * @returns Why it cannot be downloaded, if so.
 * @throws {Error} if a hash differs from the pinned one.
 */
export async function publishedRuntime(
  version: string,
  target: Target,
  options: RuntimeOptions = {},
): Promise<Runtime | string> {
  const { cache = cacheFolder() } = options;
  const pin = "pin" in options ? options.pin : runtimePin(version, target);
  const folder = `${cache}/denort-${version}-${target}`;
  const path = `${folder}/denort`;
  const kept = await hashOf(path);
  if (kept !== undefined && (pin === undefined || kept === pin.runtime)) {
    return { path, sha256: kept };
  }

  const address = archiveAddress(version, target, options.downloads);
  const archive = await download(address);
  if (typeof archive === "string") return archive;
  expect(address, sha256(archive), pin?.archive);
  const runtime = await fileInZip(archive);
  const hash = sha256(runtime);
  expect(`the runtime in ${address}`, hash, pin?.runtime);

  await ensureDir(folder);
  const work = await Deno.makeTempDir({ dir: folder });
  try {
    await Deno.writeFile(`${work}/denort`, runtime, { mode: 0o755 });
    // Another build may do the same at this moment: each moves a complete file into place.
    await Deno.rename(`${work}/denort`, path);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return { path, sha256: hash };
}

/**
 * Sends a GET request.
 *
 * @returns The content, or why there is none: {@link RESPONSE_TIMEOUT_MS} have passed without a
 * response, or the host cannot be reached.
 */
export async function download(
  address: string,
): Promise<Uint8Array<ArrayBuffer> | string> {
  const controller = new AbortController();
  const abortAfter = (ms: number): ReturnType<typeof setTimeout> =>
    setTimeout(() => controller.abort(new Error("timed out")), ms);
  let timer = abortAfter(RESPONSE_TIMEOUT_MS);
  try {
    const response = await fetch(address, { signal: controller.signal });
    clearTimeout(timer);
    if (!response.ok) {
      await response.body?.cancel();
      return `HTTP status ${response.status} for ${address}`;
    }
    timer = abortAfter(DOWNLOAD_TIMEOUT_MS);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) {
      throw error;
    }
    // Unknown host, connection refused, or no response in time. The cause names the address.
    return error.cause instanceof Error
      ? error.cause.message
      : `${error.message}: ${address}`;
  } finally {
    clearTimeout(timer);
  }
}

function expect(
  what: string,
  actual: string,
  pinned: string | undefined,
): void {
  if (pinned !== undefined && actual !== pinned) {
    throw new Error(
      `Cannot use ${what}: its SHA-256 is ${actual}, expected ${pinned}`,
    );
  }
}

async function hashOf(path: string): Promise<string | undefined> {
  try {
    return sha256(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
