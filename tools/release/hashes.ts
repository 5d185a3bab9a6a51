/** The hashes beside the files of a release. @module */

import { createHash } from "node:crypto";

/** A file, and its hash in hex. */
export interface Hashed {
  readonly name: string;
  readonly sha256: string;
}

/**
 * Writes the SHA-256 and the SHA-512 of each file of a folder into files beside it, in the form of
 * sha256sum(1).
 *
 * @returns The files, sorted by name.
 */
export async function writeHashes(folder: string): Promise<readonly Hashed[]> {
  const names = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name).sort();
  const hashed: Hashed[] = [];
  for (const name of names) {
    const bytes = await Deno.readFile(`${folder}/${name}`);
    const hashOf = (algorithm: string): string =>
      createHash(algorithm).update(bytes).digest("hex");
    for (const algorithm of ["sha256", "sha512"]) {
      await Deno.writeTextFile(
        `${folder}/${name}.${algorithm}`,
        `${hashOf(algorithm)}  ${name}\n`,
      );
    }
    hashed.push({ name, sha256: hashOf("sha256") });
  }
  return hashed;
}
