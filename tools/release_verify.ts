/**
 * `deno task release:verify FILE ...`: builds the files of a release again and compares. The
 * checkout must be that of the release's tag. Exit status 1 if a file differs.
 *
 * @module
 */

import { basename } from "node:path";
import { sha256 } from "./build/pinned_file.ts";
import { capture } from "./process.ts";
import { releaseFiles, TAG } from "./release.ts";
import { differences } from "./release/differences.ts";
import { print, warn } from "./terminal.ts";

/**
 * Builds a file of a release again.
 *
 * @param folder Where it is built.
 * @throws {Error} if the release of this checkout has no such file.
 */
async function rebuild(name: string, folder: string): Promise<string> {
  const files = releaseFiles(TAG, folder);
  const make = files.get(name);
  if (make === undefined) {
    throw new Error(
      `Cannot build "${name}": the release ${TAG} of this checkout has ` +
        [...files.keys()].join(", "),
    );
  }
  await make();
  return `${folder}/${name}`;
}

/** Returns the SHA-256 of each file in a tarball by its name; of another file, its own. */
async function contentOf(path: string): Promise<ReadonlyMap<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "cni-ipam-verify-" });
  try {
    if (!path.endsWith(".tgz")) {
      return new Map([[basename(path), sha256(await Deno.readFile(path))]]);
    }
    await capture(["tar", "-xzf", path, "--no-same-owner", "-C", folder]);
    const sums = await capture([
      "find",
      ...[".", "-type", "f", "-exec", "sha256sum", "{}", "+"],
    ], { cwd: folder });
    return new Map(
      sums.trimEnd().split("\n").map((line) =>
        [line.slice(66).replace("./", ""), line.slice(0, 64)] as const
      ),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  let isSame = Deno.args.length > 0;
  if (!isSame) warn("release:verify: name the files to verify");
  for (const file of Deno.args) {
    const folder = await Deno.makeTempDir({ prefix: "cni-ipam-verify-" });
    try {
      const rebuilt = await rebuild(basename(file), folder);
      const hashes = await Promise.all(
        [file, rebuilt].map(async (path) => sha256(await Deno.readFile(path))),
      );
      if (hashes[0] === hashes[1]) {
        print(`${basename(file)}: identical to the build of this checkout`);
        continue;
      }
      isSame = false;
      print(`${basename(file)}: differs from the build of this checkout`);
      const found = differences(
        await contentOf(file),
        await contentOf(rebuilt),
      );
      for (const line of found) print(`  ${line}`);
    } catch (error) {
      isSame = false;
      warn(`release:verify: ${error instanceof Error ? error.message : error}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  Deno.exit(isSame ? 0 : 1);
}
