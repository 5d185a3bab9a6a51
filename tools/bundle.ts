/**
 * `deno task bundle [NAME ...]`: writes the JavaScript files of the executables, exactly as they
 * are compiled, to `dist/bundle/<name>/`. The default is all plugins.
 *
 * @module
 */

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
    for await (const { name } of Deno.readDir(folder)) {
      const { size } = await Deno.stat(`${folder}/${name}`);
      const kilobytes = (size / 1000).toFixed(1);
      print(`dist/bundle/${binary.name}/${name}: ${kilobytes} KB`);
    }
  }
} catch (error) {
  warn(`bundle: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
