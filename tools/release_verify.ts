/**
 * `deno task release:verify FILE ...`: builds the files of a release again and compares. The
 * checkout must be that of the release's tag. Exit status 1 if a file differs.
 *
 * @module
 */

import { basename } from "node:path";
import { sha256 } from "./build/pinned_file.ts";
import { capture } from "./process.ts";
import { releaseFiles } from "./release.ts";
import { differences } from "./release/differences.ts";
import { TAG } from "./release/tag.ts";
import { print, warn } from "./terminal.ts";

/** Builds files of a release again; those that are built together, once. */
class Rebuilder {
  readonly #folder: string;
  readonly #files: ReturnType<typeof releaseFiles>;
  readonly #made = new Map<() => Promise<void>, Promise<void>>();

  /** @param folder Where the files are built. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#files = releaseFiles(TAG, folder);
  }

  /** @returns The path. @throws {Error} if the release of this checkout has no such file. */
  async build(name: string): Promise<string> {
    const make = this.#files.get(name);
    if (make === undefined) {
      throw new Error(
        `Cannot build "${name}": the release ${TAG} of this checkout has ` +
          [...this.#files.keys()].join(", "),
      );
    }
    const making = this.#made.get(make) ?? make();
    this.#made.set(make, making);
    await making;
    return `${this.#folder}/${name}`;
  }
}

/**
 * Returns the SHA-256 of each file in a tarball or Debian package by its name; of another file, its
 * own.
 */
async function contentOf(path: string): Promise<ReadonlyMap<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "cni-ipam-verify-" });
  try {
    if (path.endsWith(".deb")) {
      await capture(["dpkg-deb", "--raw-extract", path, folder]);
    } else if (/\.(?:tgz|tar)$/.test(path)) {
      await capture(["tar", "-xf", path, "--no-same-owner", "-C", folder]);
    } else {
      return new Map([[basename(path), sha256(await Deno.readFile(path))]]);
    }
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
  const folder = await Deno.makeTempDir({ prefix: "cni-ipam-verify-" });
  const rebuilder = new Rebuilder(folder);
  for (const file of Deno.args) {
    try {
      const rebuilt = await rebuilder.build(basename(file));
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
    }
  }
  await Deno.remove(folder, { recursive: true });
  Deno.exit(isSame ? 0 : 1);
}
