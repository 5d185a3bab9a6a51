/** The files of the image: glibc, a shell and the release. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import type { Executables } from "../build/executables.ts";
import type { Target } from "../build/target.ts";
import { packageAddresses, pinnedPackage } from "../debian/pinned_package.ts";
import pins from "../debian/package_pins.json" with { type: "json" };
import { capture } from "../process.ts";
import { CHECKSUMS, checksums } from "../release/checksums.ts";
import { REPOSITORY } from "../repository.ts";

/** The folder of the release in the image. */
export const RELEASE_FOLDER = "/usr/lib/cni-ipam";

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

/** Writes the files of the image into the new folder `root`. Needs dpkg-deb. */
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

/**
 * Takes the libraries, busybox and their copyright notices out of Debian's pinned packages; nothing
 * of these is executed. Scanners read the descriptions in /var/lib/dpkg/status.d.
 */
async function extractPackages(root: string, target: Target): Promise<void> {
  const script = `
    mkdir "$2/var" "$2/content"
    for package in "$2"/*.deb; do
      dpkg-deb --extract "$package" "$2/content"
      name=$(dpkg-deb --field "$package" Package)
      dpkg-deb --field "$package" >"$2/var/$name"
    done
    mkdir -p "$1/var/lib/dpkg"
    cp -r "$2/var" "$1/var/lib/dpkg/status.d"
    cd "$2/content"
    for name in bin lib lib64 usr/lib; do
      [ ! -e $name ] || cp -a --parents $name "$1"
    done
    cp -a --parents usr/share/doc/*/copyright "$1"
    rm -rf "$1"/usr/lib/*/gconv "$1"/lib/systemd
    find "$1" -type d -exec chmod 755 {} +`;
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-image-" });
  try {
    for (const [index, pin] of pins.targets[target].entries()) {
      const addresses = packageAddresses(pin, pins.snapshot);
      const path = await pinnedPackage(pin, addresses);
      await Deno.copyFile(path, `${work}/${index}.deb`);
    }
    await capture(["sh", "-ec", script, "sh", root, work]);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
