/** Debian's archive of packages, verified by Debian's signatures. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { cacheFolder } from "../build/pinned_file.ts";
import { capture } from "../process.ts";

/** Debian's host for downloads. */
export const MIRROR = "http://deb.debian.org";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The packages of one suite and architecture, whatever the machine and its package sources. */
export class DebianArchive {
  readonly #folder: string;
  readonly #sources: string;
  readonly #options: readonly string[];

  /** @param architecture As Debian names it, such as "arm64". */
  constructor(suite: string, architecture: string) {
    const folder = `${cacheFolder()}/debian-${suite}-${architecture}`;
    this.#folder = folder;
    this.#sources = [[`${MIRROR}/debian`, suite], [
      `${MIRROR}/debian-security`,
      `${suite}-security`,
    ]].map((source) => `deb [signed-by=${KEYRING}] ${source.join(" ")} main\n`)
      .join("");
    this.#options = Object.entries({
      "APT::Architecture": architecture,
      "APT::Architectures": architecture,
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
    await Deno.writeTextFile(`${folder}/sources.list`, this.#sources);
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

  /** Returns where the newest version of a package is, and its SHA-256 in hex. */
  async addressOf(
    name: string,
  ): Promise<{ readonly path: string; readonly sha256: string }> {
    const output = await capture(
      ["apt-get", ...this.#options, "download", "--print-uris", name],
    );
    const [, address = "", sha256 = ""] =
      /^'([^']+)' .* SHA256:([0-9a-f]{64})$/m.exec(output) ?? [];
    if (!address.startsWith(`${MIRROR}/`)) {
      throw new Error(`Cannot find the package "${name}"`);
    }
    return { path: address.slice(MIRROR.length + 1), sha256 };
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
