/** Tarballs that come out the same wherever they are made. @module */

import { basename } from "node:path";
import { capture } from "../process.ts";

/** A file to pack, at the top level of the tarball. */
export interface Packed {
  readonly path: string;
  readonly mode: number;
}

/** Packs the files in a gzipped tarball: sorted, owned by root, without times. */
export async function writeTarball(
  tarball: string,
  files: readonly Packed[],
): Promise<void> {
  const staging = await Deno.makeTempDir({ prefix: "cni-ipam-release-" });
  try {
    for (const { path, mode } of files) {
      const copy = `${staging}/${basename(path)}`;
      await Deno.copyFile(path, copy);
      await Deno.chmod(copy, mode);
    }
    await Deno.chmod(staging, 0o755);
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
      "--use-compress-program=gzip --best --no-name",
      `--directory=${staging}`,
      ".",
    ]);
  } finally {
    await Deno.remove(staging, { recursive: true });
  }
}
