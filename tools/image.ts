/**
 * `deno task image`: writes the container image for every architecture to dist/image/, in the
 * layout of the Open Container Initiative. deploy/kubernetes uses it.
 *
 * @module
 */

import { ensureDir } from "@std/fs/ensure-dir";
import { buildExecutables } from "./build/executables.ts";
import { writeImage } from "./image/layout.ts";
import { TAG } from "./release/tag.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

const FOLDER = `${REPOSITORY}/dist/image`;

if (import.meta.main) {
  try {
    await Deno.remove(FOLDER, { recursive: true }).catch(() => {
      // The folder did not exist.
    });
    await ensureDir(FOLDER);
    await writeImage(
      FOLDER,
      async (target) => (await buildExecutables(target)).executables,
    );
    print(`${FOLDER.slice(REPOSITORY.length + 1)}: ${TAG}`);
  } catch (error) {
    warn(`image: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
