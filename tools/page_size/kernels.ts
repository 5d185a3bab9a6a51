/** Debian's kernels for arm64, verified by Debian's signatures. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { cacheFolder } from "../build/pinned_file.ts";
import { capture } from "../process.ts";

/** A page size, and the package that depends on the newest kernel with it. */
export interface PageSize {
  readonly bytes: number;
  readonly metapackage: string;
}

/** The page sizes that Debian's kernels have. */
export const PAGE_SIZES: readonly PageSize[] = [
  { bytes: 4096, metapackage: "linux-image-arm64" },
  { bytes: 16384, metapackage: "linux-image-arm64-16k" },
];

/** The first release with a kernel of 16 KiB pages. */
const SUITE = "trixie";
const MIRROR = "http://deb.debian.org/debian";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Debian packages for arm64, whatever the machine and its package sources. */
export class Arm64Packages {
  readonly #folder = `${cacheFolder()}/arm64-packages`;
  readonly #options: readonly string[];

  constructor() {
    const folder = this.#folder;
    this.#options = Object.entries({
      "APT::Architecture": "arm64",
      "APT::Architectures": "arm64",
      "Dir::State": `${folder}/state`,
      "Dir::State::status": `${folder}/status`,
      "Dir::Cache": `${folder}/cache`,
      "Dir::Etc::SourceList": `${folder}/sources.list`,
      "Dir::Etc::SourceParts": "-",
      "Dir::Etc::PreferencesParts": "-",
      "APT::Sandbox::User": "root",
      "Acquire::Languages": "none",
    }).map(([name, value]) => `--option=${name}=${value}`);
  }

  /** Reads the list of packages. @throws {ProcessError} if it cannot be read or verified. */
  async update(): Promise<void> {
    const folder = this.#folder;
    await ensureDir(`${folder}/state/lists/partial`);
    await ensureDir(`${folder}/cache/archives/partial`);
    await Deno.writeTextFile(`${folder}/status`, "");
    await Deno.writeTextFile(
      `${folder}/sources.list`,
      `deb [signed-by=${KEYRING}] ${MIRROR} ${SUITE} main\n`,
    );
    await capture(["apt-get", "--quiet=2", ...this.#options, "update"]);
  }

  /** Returns the first package that `name` depends on. */
  async dependencyOf(name: string): Promise<string> {
    const output = await capture(
      ["apt-cache", ...this.#options, "depends", name],
    );
    const [, found] = /^\s*Depends: (\S+)$/m.exec(output) ?? [];
    if (found === undefined) {
      throw new Error(`Cannot find the dependency of "${name}"`);
    }
    return found;
  }

  /** Downloads a package and returns one of its files. */
  async fileOf(name: string, file: RegExp): Promise<Uint8Array> {
    const folder = `${this.#folder}/${name}`;
    await Deno.remove(folder, { recursive: true }).catch(() => {
      // The folder did not exist.
    });
    await ensureDir(folder);
    await capture(
      ["apt-get", "--quiet=2", ...this.#options, "download", name],
      { cwd: folder },
    );
    const [debian] = await Array.fromAsync(Deno.readDir(folder));
    if (debian === undefined) throw new Error(`Cannot download "${name}"`);
    const content = `${folder}/content`;
    await capture([
      "dpkg-deb",
      "--extract",
      `${folder}/${debian.name}`,
      content,
    ]);
    const paths = (await capture(["find", content, "-type", "f"])).split("\n");
    const found = paths.find((path) => file.test(path));
    if (found === undefined) {
      throw new Error(`Cannot find ${file} in the package "${name}"`);
    }
    const bytes = await Deno.readFile(found);
    await Deno.remove(folder, { recursive: true });
    return bytes;
  }
}
