/** The container image of the release. @module */

import project from "../../deno.json" with { type: "json" };
import type { Executables } from "../build/executables.ts";
import { ARCHITECTURE, type Target, TARGETS } from "../build/target.ts";
import { TAG } from "../release/tag.ts";
import { writeImageFiles } from "./image_files.ts";
import { type PlatformImage, writeLayout } from "./oci.ts";

/**
 * Writes the image for every target into a folder, in the layout of the Open Container Initiative.
 *
 * @param executablesOf Builds the executables.
 */
export async function writeImage(
  folder: string,
  executablesOf: (target: Target) => Promise<Executables>,
): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "cni-ipam-image-" });
  try {
    const images: PlatformImage[] = [];
    for (const target of TARGETS) {
      const root = `${work}/${target}`;
      await writeImageFiles(root, target, await executablesOf(target));
      images.push({ architecture: ARCHITECTURE[target], root });
    }
    await writeLayout(folder, images, {
      tag: TAG,
      labels: {
        "org.opencontainers.image.title": "cni-ipam-plugins",
        "org.opencontainers.image.version": project.version,
        "org.opencontainers.image.licenses": project.license,
      },
    });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
