/**
 * `deno task pin:image`: writes the hashes of Debian's packages in the container image to
 * tools/debian/package_pins.json. For a maintainer, when Debian has updated one of them. Needs
 * apt-get and debian-archive-keyring.
 *
 * @module
 */

import { ARCHITECTURE, type Target } from "./build/target.ts";
import { DebianArchive } from "./debian/archive.ts";
import type { PackagePin, PackagePins } from "./debian/pinned_package.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

/** The Debian release whose glibc is in the image. */
const SUITE = "bookworm";
/** The last has the copyright notice of libgcc. */
const PACKAGES = ["libc6", "libgcc-s1", "busybox-static", "gcc-12-base"];

async function pinsFor(target: Target): Promise<readonly PackagePin[]> {
  const archive = new DebianArchive(SUITE, ARCHITECTURE[target]);
  await archive.update();
  return await Promise.all(PACKAGES.map((name) => archive.addressOf(name)));
}

if (import.meta.main) {
  try {
    const today = new Date().toISOString().slice(0, 10).replaceAll("-", "");
    const pins: PackagePins = {
      snapshot: `${today}T235959Z`,
      targets: {
        "x86_64-unknown-linux-gnu": await pinsFor("x86_64-unknown-linux-gnu"),
        "aarch64-unknown-linux-gnu": await pinsFor("aarch64-unknown-linux-gnu"),
      },
    };
    const path = "tools/debian/package_pins.json";
    await Deno.writeTextFile(
      `${REPOSITORY}/${path}`,
      `${JSON.stringify(pins, undefined, 2)}\n`,
    );
    print(`${path}: review and commit it`);
  } catch (error) {
    warn(`pin:image: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
