/**
 * `deno task bundle [NAME ...]`: writes the JavaScript files of the executables, exactly as they
 * are compiled, and their source maps to `dist/bundle/<name>/`. The default is all plugins.
 *
 * @module
 */

import { walkSync } from "@std/fs/walk";
import { chosenBinaries } from "./build/binaries.ts";
import { bundle } from "./build/bundle.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

try {
  for (const binary of chosenBinaries(Deno.args)) {
    const folder = `${REPOSITORY}/dist/bundle/${binary.name}`;
    await Deno.remove(folder, { recursive: true }).catch(() => {
      // The folder did not exist.
    });
    await bundle(binary, folder);
    for (const { path } of walkSync(folder, { exts: [".js"] })) {
      const kilobytes = ((await Deno.stat(path)).size / 1000).toFixed(1);
      print(`${path.slice(REPOSITORY.length + 1)}: ${kilobytes} KB`);
    }
  }
} catch (error) {
  warn(`bundle: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
