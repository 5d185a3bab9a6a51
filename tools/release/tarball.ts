/** Reproducible tarballs. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { dirname } from "node:path";
import { capture } from "../process.ts";

/** A file to pack. */
export interface Packed {
  readonly path: string;
  /** Its path in the tarball, such as `docs/dhcp.md`. */
  readonly name: string;
  readonly mode: number;
}

/** Packs the files into a gzipped tarball: sorted, owned by root, without times. */
export async function writeTarball(
  tarball: string,
  files: readonly Packed[],
): Promise<void> {
  const staging = await Deno.makeTempDir({ prefix: "cni-ipam-release-" });
  try {
    for (const { path, name, mode } of files) {
      const copy = `${staging}/${name}`;
      await ensureDir(dirname(copy));
      await Deno.chmod(dirname(copy), 0o755);
      await Deno.copyFile(path, copy);
      await Deno.chmod(copy, mode);
    }
    await Deno.chmod(staging, 0o755);
    await packFolder(tarball, staging, [
      "--use-compress-program=gzip --best --no-name",
    ]);
  } finally {
    await Deno.remove(staging, { recursive: true });
  }
}

/**
 * Packs the content of a folder: sorted, owned by root, without times.
 *
 * @param more Other options of tar.
 */
export async function packFolder(
  tarball: string,
  folder: string,
  more: readonly string[] = [],
): Promise<void> {
  await capture([
    "tar",
    "--create",
    `--file=${tarball}`,
    "--format=ustar",
    "--sort=name",
    "--mtime=@0",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    ...more,
    `--directory=${folder}`,
    ".",
  ]);
}
