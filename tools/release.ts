/**
 * `deno task release [--tag vX.Y.Z] [--links URL]`: makes the files of a release in dist/release/,
 * for every target: a tarball with the plugins and the launcher at its top level, as in the CNI
 * project's tarballs, and the documents and units in their folders; an SBOM; and packages for
 * Debian and RPM. For all targets together: the source maps and the container image. Beside each
 * file are its SHA-256 and SHA-512.
 *
 * Without a tag the release is a trial: it may contain the fallback runtime. The links of the notes
 * lead to the files of the repository at URL.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { ensureDir } from "@std/fs/ensure-dir";
import { walkSync } from "@std/fs/walk";
import { basename } from "node:path";
import project from "../deno.json" with { type: "json" };
import { PLUGINS } from "./build/binaries.ts";
import { bundle } from "./build/bundle.ts";
import { findCompiler, hasUnit, publishProblem } from "./build/compiler.ts";
import { buildExecutables, type Built } from "./build/executables.ts";
import { LAUNCHER } from "./build/launcher.ts";
import { sha256 } from "./build/pinned_file.ts";
import { ARCHITECTURE, type Target, TARGETS } from "./build/target.ts";
import { writeImage } from "./image/layout.ts";
import { buildPackages, packageNames } from "./package/packages.ts";
import { CHECKSUMS, checksums } from "./release/checksums.ts";
import { crateList, runtimeContents } from "./release/contents.ts";
import { writeHashes } from "./release/hashes.ts";
import { notesOf, withAbsoluteLinks } from "./release/notes.ts";
import { operatorFiles, type ReleaseText } from "./release/operator_files.ts";
import { type Part, sbom } from "./release/sbom.ts";
import { TAG } from "./release/tag.ts";
import { packFolder, writeTarball } from "./release/tarball.ts";
import { buildTools } from "./release/tools.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

/** The part of deno.lock that is used. */
interface LockFile {
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

const PRODUCT = "cni-ipam-plugins";
const FOLDER = `${REPOSITORY}/dist/release`;
const NOTES = "notes.md";

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
  "deploy/monitoring/alerts.yaml",
  "deploy/monitoring/alerts_test.yaml",
  "deploy/monitoring/dashboard.json",
  "docs/README.md",
  "docs/bench.md",
  "docs/bench.svg",
  "docs/bench_dhcp.md",
  "docs/bench_dhcp.svg",
  "docs/concepts.md",
  "docs/dhcp.md",
  "docs/differences.md",
  "docs/host_local.md",
  "docs/hostile_segment.md",
  "docs/kubernetes.md",
  "docs/launcher.md",
  "docs/log_events.md",
  "docs/monitoring.md",
  "docs/operator_commands.md",
  "docs/packages.md",
  "docs/recipes/README.md",
  "docs/recipes/crio.md",
  "docs/recipes/kubernetes_bridge.md",
  "docs/recipes/multus_macvlan.md",
  "docs/recipes/nerdctl.md",
  "docs/recipes/nomad.md",
  "docs/recipes/podman.md",
  "docs/troubleshooting.md",
  "licenses/README.md",
  "licenses/deno.txt",
  "licenses/icu.txt",
  "licenses/simdutf.txt",
  "licenses/siphash.txt",
  "licenses/v8.txt",
  "systemd/cni-dhcp.service",
  "systemd/cni-dhcp.socket",
  "systemd/cni-host-local.service",
  "systemd/cni-host-local.socket",
];

/** The file of the source maps. */
function sourceMapsName(tag: string): string {
  return `${PRODUCT}-source-maps-${tag}.tgz`;
}

/** The file of the container image. */
function imageName(tag: string): string {
  return `${PRODUCT}-image-${tag}.tar`;
}

/** The start of the file names of a target. */
function stemOf(target: Target, tag: string): string {
  return `${PRODUCT}-linux-${ARCHITECTURE[target]}-${tag}`;
}

/** Packs the source maps, which are the same for every target. */
async function releaseSourceMaps(tag: string, folder: string): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-release-" });
  try {
    for (const plugin of PLUGINS) {
      await bundle(plugin, `${work}/${plugin.name}`);
    }
    await writeTarball(
      `${folder}/${sourceMapsName(tag)}`,
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

/** Writes the texts that are not in the repository into `folder`. */
async function writeTexts(
  folder: string,
  texts: readonly ReleaseText[],
): Promise<{ readonly path: string; readonly name: string }[]> {
  const files = [];
  for (const { name, text } of texts) {
    const path = `${folder}/${name.replaceAll("/", "_")}`;
    await Deno.writeTextFile(path, text);
    files.push({ path, name });
  }
  return files;
}

/** Writes the container image for all targets. */
async function releaseImage(
  tarball: string,
  builtFor: (target: Target) => Promise<Built>,
): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-release-" });
  try {
    await writeImage(
      work,
      async (target) => (await builtFor(target)).executables,
    );
    await Deno.chmod(work, 0o755);
    await packFolder(tarball, work);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Writes the tarball and the SBOM of the target. */
async function release(
  target: Target,
  { executables, compiler }: Built,
  { tag, folder }: { readonly tag: string; readonly folder: string },
): Promise<void> {
  const lock: LockFile = JSON.parse(
    await Deno.readTextFile(`${REPOSITORY}/deno.lock`),
  );
  const stem = `${folder}/${stemOf(target, tag)}`;
  const contents = await runtimeContents(compiler);
  const parts: Part[] = [];
  for (const [name, path] of Object.entries(executables)) {
    const part = { name, sha256: sha256(await Deno.readFile(path)) };
    parts.push(name === LAUNCHER ? part : { ...part, compiler });
  }
  const texts = await Deno.makeTempDir({ prefix: "cni-ipam-release-" });
  try {
    const generated = await writeTexts(texts, [
      ...operatorFiles(project.version),
      {
        name: "licenses/RUST_CRATES.txt",
        text: crateList(compiler.version, contents.crates),
      },
    ]);
    const files = [
      ...Object.entries(executables)
        .map(([name, path]) => ({ path, name, mode: 0o755 })),
      { path: `${REPOSITORY}/${INSTALLER}`, name: INSTALLER, mode: 0o755 },
      ...DOCUMENTS.filter((name) => hasUnit(compiler, basename(name)))
        .map((name) => ({ path: `${REPOSITORY}/${name}`, name })),
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
  const bill = sbom({
    product: PRODUCT,
    ...project,
    npm: lock.npm,
    parts,
    contents,
    tools: buildTools(),
  });
  await Deno.writeTextFile(
    `${stem}.cdx.json`,
    `${JSON.stringify(bill, undefined, 2)}\n`,
  );
}

/**
 * The file names of a release, without those of the hashes, and what makes each. The executables of
 * a target are built once.
 */
export function releaseFiles(
  tag: string,
  folder: string,
): ReadonlyMap<string, () => Promise<void>> {
  const files = new Map<string, () => Promise<void>>();
  const built = new Map<Target, Promise<Built>>();
  const builtFor = (target: Target): Promise<Built> => {
    const building = built.get(target) ?? buildExecutables(target);
    built.set(target, building);
    return building;
  };
  for (const target of TARGETS) {
    const make = async (): Promise<void> =>
      await release(target, await builtFor(target), { tag, folder });
    files.set(`${stemOf(target, tag)}.tgz`, make);
    files.set(`${stemOf(target, tag)}.cdx.json`, make);
    const pack = async (): Promise<void> => {
      await buildPackages(target, await builtFor(target), folder);
    };
    for (const name of packageNames(target)) files.set(name, pack);
  }
  return files
    .set(sourceMapsName(tag), () => releaseSourceMaps(tag, folder))
    .set(
      imageName(tag),
      () => releaseImage(`${folder}/${imageName(tag)}`, builtFor),
    );
}

/** @throws {Error} if what would be compiled in must not be published. */
async function expectPublishable(): Promise<void> {
  for (const target of TARGETS) {
    const problem = await publishProblem(await findCompiler(target), target);
    if (problem !== undefined) {
      throw new Error(`Cannot release with a tag: ${problem}`);
    }
  }
}

if (import.meta.main) {
  try {
    const { tag: wanted, links } = parseArgs(Deno.args, {
      string: ["tag", "links"],
    });
    if (wanted !== undefined && wanted !== TAG) {
      throw new Error(
        `Cannot release "${wanted}": deno.json has version "${project.version}"`,
      );
    }
    if (wanted !== undefined) await expectPublishable();
    const changelog = await Deno.readTextFile(`${REPOSITORY}/CHANGELOG.md`);
    const notes = notesOf(
      wanted === undefined ? "Unreleased" : project.version,
      changelog,
    );
    await Deno.remove(FOLDER, { recursive: true }).catch(() => {
      // The folder did not exist.
    });
    await ensureDir(FOLDER);
    for (const make of new Set(releaseFiles(TAG, FOLDER).values())) {
      await make();
    }
    for (const { name, sha256 } of await writeHashes(FOLDER)) {
      print(`${name} ${sha256}`);
    }
    await Deno.writeTextFile(
      `${FOLDER}/${NOTES}`,
      links === undefined ? notes : withAbsoluteLinks(notes, links),
    );
  } catch (error) {
    warn(`release: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
