/** The checksums beside the files of a release, which install.sh verifies. @module */

import { sha256 } from "../build/pinned_file.ts";
import type { Packed } from "./tarball.ts";

/** The name of the file. */
export const CHECKSUMS = "SHA256SUMS";

/** Returns the hashes of the files, sorted by name, in the format of sha256sum(1). */
export async function checksums(
  files: readonly Pick<Packed, "path" | "name">[],
): Promise<string> {
  const lines = [];
  for (const { path, name } of files) {
    lines.push({ name, hash: sha256(await Deno.readFile(path)) });
  }
  return lines.sort((a, b) => a.name < b.name ? -1 : 1)
    .map(({ name, hash }) => `${hash}  ${name}\n`).join("");
}
