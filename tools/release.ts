/**
 * `deno task release [--tag vX.Y.Z]`: makes the files of a release in dist/release/, for every
 * target: a tarball with the plugins and the launcher at its top level, as in the CNI project's
 * tarballs, and the documents and units in their folders; its SHA-256, and an SBOM. And one tarball
 * with the source maps.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { ensureDir } from "@std/fs/ensure-dir";
import { walkSync } from "@std/fs/walk";
import project from "../deno.json" with { type: "json" };
import { build } from "./build.ts";
import { PLUGINS } from "./build/binaries.ts";
import { bundle } from "./build/bundle.ts";
import { buildLauncher, LAUNCHER } from "./build/launcher.ts";
import { sha256 } from "./build/pinned_file.ts";
import { outputPath, type Target, TARGETS } from "./build/target.ts";
import { CHECKSUMS, checksums } from "./release/checksums.ts";
import { notesOf } from "./release/notes.ts";
import { operatorFiles } from "./release/operator_files.ts";
import { type Part, sbom } from "./release/sbom.ts";
import { writeTarball } from "./release/tarball.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

/** The part of deno.lock that is used. */
interface LockFile {
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

const PRODUCT = "cni-ipam-plugins";
const FOLDER = `${REPOSITORY}/dist/release`;

/** The architectures in the file names of the CNI project. */
const ARCHITECTURE: Readonly<Record<Target, string>> = {
  "x86_64-unknown-linux-gnu": "amd64",
  "aarch64-unknown-linux-gnu": "arm64",
};

/** The script that installs a release. */
const INSTALLER = "install.sh";

/** The documents in a release: README and everything it links to. */
export const DOCUMENTS: readonly string[] = [
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "docs/bench.md",
  "docs/bench.svg",
  "docs/bench_dhcp.md",
  "docs/dhcp.md",
  "docs/differences.md",
  "docs/host_local.md",
  "docs/hostile_segment.md",
  "docs/launcher.md",
  "docs/log_events.md",
  "docs/operator_commands.md",
  "systemd/cni-dhcp.service",
  "systemd/cni-dhcp.socket",
  "systemd/cni-host-local.service",
  "systemd/cni-host-local.socket",
];

/** Packs the source maps, which are the same for every target. */
async function releaseSourceMaps(tag: string): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-release-" });
  try {
    for (const plugin of PLUGINS) {
      await bundle(plugin, `${work}/${plugin.name}`);
    }
    await writeTarball(
      `${FOLDER}/${PRODUCT}-source-maps-${tag}.tgz`,
      [...walkSync(work, { exts: [".map"] })].map(({ path }) => ({
        path,
        name: path.slice(work.length + 1),
        mode: 0o644,
      })),
    );
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Writes the manual page and the completions into `folder`. */
async function writeOperatorFiles(
  folder: string,
): Promise<{ readonly path: string; readonly name: string }[]> {
  const files = [];
  for (const { name, text } of operatorFiles(project.version)) {
    const path = `${folder}/${name.replaceAll("/", "_")}`;
    await Deno.writeTextFile(path, text);
    files.push({ path, name });
  }
  return files;
}

/** Builds for the target and writes its three files. */
async function release(target: Target, tag: string): Promise<void> {
  const lock: LockFile = JSON.parse(
    await Deno.readTextFile(`${REPOSITORY}/deno.lock`),
  );
  const stem = `${FOLDER}/${PRODUCT}-linux-${ARCHITECTURE[target]}-${tag}`;
  const built = await build(PLUGINS, target);
  const parts: Part[] = [];
  for (const { name, path, compiler } of built) {
    parts.push({ name, sha256: sha256(await Deno.readFile(path)), compiler });
  }
  const launcher = outputPath(LAUNCHER, target);
  await buildLauncher(target, launcher);
  parts.push({ name: LAUNCHER, sha256: sha256(await Deno.readFile(launcher)) });
  const texts = await Deno.makeTempDir({ prefix: "cni-ipam-release-" });
  try {
    const generated = await writeOperatorFiles(texts);
    const files = [
      ...built.map(({ path, name }) => ({ path, name, mode: 0o755 })),
      { path: launcher, name: LAUNCHER, mode: 0o755 },
      { path: `${REPOSITORY}/${INSTALLER}`, name: INSTALLER, mode: 0o755 },
      ...DOCUMENTS.map((name) => ({ path: `${REPOSITORY}/${name}`, name })),
      ...generated,
    ].map((file) => ({ mode: 0o644, ...file }));
    const sums = `${texts}/${CHECKSUMS}`;
    await Deno.writeTextFile(sums, await checksums(files));
    await writeTarball(`${stem}.tgz`, [
      ...files,
      { path: sums, name: CHECKSUMS, mode: 0o644 },
    ]);
  } finally {
    await Deno.remove(texts, { recursive: true });
  }
  const hash = sha256(await Deno.readFile(`${stem}.tgz`));
  const fileName = `${stem}.tgz`.slice(FOLDER.length + 1);
  await Deno.writeTextFile(`${stem}.tgz.sha256`, `${hash}  ${fileName}\n`);
  const bill = sbom({ product: PRODUCT, ...project, npm: lock.npm, parts });
  await Deno.writeTextFile(
    `${stem}.cdx.json`,
    `${JSON.stringify(bill, undefined, 2)}\n`,
  );
  print(`${fileName} ${hash}`);
}

if (import.meta.main) {
  try {
    const tag = `v${project.version}`;
    const wanted = parseArgs(Deno.args, { string: ["tag"] }).tag;
    if (wanted !== undefined && wanted !== tag) {
      throw new Error(
        `Cannot release "${wanted}": deno.json has version "${project.version}"`,
      );
    }
    const changelog = await Deno.readTextFile(`${REPOSITORY}/CHANGELOG.md`);
    // Without a tag the release is a trial.
    const notes = notesOf(
      wanted === undefined ? "Unreleased" : project.version,
      changelog,
    );
    await Deno.remove(FOLDER, { recursive: true }).catch(() => {
      // The folder did not exist.
    });
    await ensureDir(FOLDER);
    for (const target of TARGETS) await release(target, tag);
    await releaseSourceMaps(tag);
    await Deno.writeTextFile(`${FOLDER}/notes.md`, notes);
  } catch (error) {
    warn(`release: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
