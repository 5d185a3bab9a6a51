/** The files of the image: glibc, a shell and the release. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { LAUNCHER } from "../build/launcher.ts";
import type { Target } from "../build/target.ts";
import { capture } from "../process.ts";
import { CHECKSUMS, checksums } from "../release/checksums.ts";
import { REPOSITORY } from "../repository.ts";

/** The folder of the release in the image. */
export const RELEASE_FOLDER = "/usr/lib/cni-ipam";

/** Debian's packages in the image. They are extracted; nothing of them is executed. */
const PACKAGES = ["libc6", "libgcc-s1", "busybox-static"];

/** The architectures in the names of Debian. */
const ARCHITECTURE: Readonly<Record<Target, string>> = {
  "x86_64-unknown-linux-gnu": "amd64",
  "aarch64-unknown-linux-gnu": "arm64",
};

/** The programs of busybox that install.sh and the manifests use. */
const APPLETS = [
  "cat",
  "chmod",
  "cp",
  "dirname",
  "ln",
  "ls",
  "mkdir",
  "mv",
  "rm",
  "rmdir",
  "sh",
  "sha256sum",
  "sleep",
  "sync",
  "uname",
];

/** The executables of the release: name to path. */
export type Executables = Readonly<
  Record<"host-local" | "dhcp" | typeof LAUNCHER, string>
>;

/** Writes the files of the image into the new folder `root`. Needs mmdebstrap. */
export async function writeImageFiles(
  root: string,
  target: Target,
  executables: Executables,
): Promise<void> {
  await extractPackages(root, target);
  for (const name of APPLETS) {
    await Deno.symlink("busybox", `${root}/bin/${name}`);
  }
  await ensureDir(`${root}/etc`);
  await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0::/:/bin/sh\n");
  await ensureDir(`${root}/host`);
  const folder = `${root}${RELEASE_FOLDER}`;
  await ensureDir(folder);
  const files = Object.entries({
    ...executables,
    "install.sh": `${REPOSITORY}/install.sh`,
  }).map(([name, path]) => ({ name, path }));
  for (const { name, path } of files) {
    await Deno.copyFile(path, `${folder}/${name}`);
    await Deno.chmod(`${folder}/${name}`, 0o755);
  }
  await Deno.writeTextFile(`${folder}/${CHECKSUMS}`, await checksums(files));
  await capture([
    "cp",
    ...["-r", `${REPOSITORY}/LICENSE`, `${REPOSITORY}/licenses`, folder],
  ]);
}

/** Takes the libraries, busybox and their copyright notices out of Debian's packages. */
async function extractPackages(root: string, target: Target): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-image-" });
  try {
    await capture([
      "mmdebstrap",
      ...["--variant=extract", `--architectures=${ARCHITECTURE[target]}`],
      ...[`--include=${PACKAGES.join()}`, "--quiet", "bookworm"],
      `${work}/debian`,
    ]);
    const script = `
      mkdir -p "$1" && cd "$2"
      for name in bin lib lib64 usr/lib; do
        [ ! -e $name ] || cp -a --parents $name "$1"
      done
      cp -a --parents usr/share/doc/*/copyright "$1"
      rm -rf "$1"/usr/lib/*/gconv "$1"/lib/systemd
      find "$1" -type d -exec chmod 755 {} +`;
    await capture(["sh", "-ec", script, "sh", root, `${work}/debian`]);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
