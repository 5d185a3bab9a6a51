/**
 * `deno task image`: writes the container image for every architecture to dist/image/, in the
 * layout of the Open Container Initiative. deploy/kubernetes uses it.
 *
 * @module
 */

import { ensureDir } from "@std/fs/ensure-dir";
import project from "../deno.json" with { type: "json" };
import { build } from "./build.ts";
import { PLUGINS } from "./build/binaries.ts";
import { buildLauncher, LAUNCHER } from "./build/launcher.ts";
import { outputPath, TARGETS } from "./build/target.ts";
import { writeImageFiles } from "./image/image_files.ts";
import { type PlatformImage, writeLayout } from "./image/oci.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

const FOLDER = `${REPOSITORY}/dist/image`;

async function image(): Promise<void> {
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {
    // The folder did not exist.
  });
  await ensureDir(FOLDER);
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-image-" });
  try {
    const images: PlatformImage[] = [];
    for (const target of TARGETS) {
      await build(PLUGINS, target);
      const launcher = outputPath(LAUNCHER, target);
      await buildLauncher(target, launcher);
      const root = `${work}/${target}`;
      await writeImageFiles(root, target, {
        "host-local": outputPath("host-local", target),
        "dhcp": outputPath("dhcp", target),
        [LAUNCHER]: launcher,
      });
      const architecture = target.startsWith("x86_64") ? "amd64" : "arm64";
      images.push({ architecture, root });
    }
    await writeLayout(FOLDER, images, {
      tag: `v${project.version}`,
      labels: {
        "org.opencontainers.image.title": "cni-ipam-plugins",
        "org.opencontainers.image.version": project.version,
        "org.opencontainers.image.licenses": project.license,
      },
    });
    print(`${FOLDER.slice(REPOSITORY.length + 1)}: v${project.version}`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    await image();
  } catch (error) {
    warn(`image: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
