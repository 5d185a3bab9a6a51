/** Turns the modules of an executable into a few JavaScript files. @module */

import { dirname, relative, resolve } from "node:path";
import { capture } from "../process.ts";
import { REPOSITORY } from "../repository.ts";
import type { Binary } from "./binaries.ts";
import { pinEsbuild } from "./esbuild.ts";
import type { SourceMap } from "./source_map.ts";

/** A module that the main module imports on demand. */
const PART = /\bimport\(\s*"(\.\/(?:\w+\/)*\w+)\.ts"/g;

/**
 * Bundles the main module into `folder`, and each module that it imports with `import()` into a
 * file of its own. These parts share no code, so that a call loads at most two files.
 *
 * With `--code-splitting` it would load a file for each set of parts that share a module. Each file
 * takes as long as 20 KB of code.
 *
 * The files are not minified: the minifier (esbuild's, of Deno 2.9.6) moves the value of a `using`
 * variable that is used once to that place, and so drops its disposal. Each file has a source map
 * beside it. The same sources give the same bytes on every machine.
 *
 * @returns The path of the file that is run.
 * @throws {ProcessError} with Deno's messages if a module cannot be bundled.
 */
export async function bundle(
  { main }: Pick<Binary, "main">,
  folder: string,
): Promise<string> {
  await pinEsbuild();
  const source = await Deno.readTextFile(`${REPOSITORY}/${main}`);
  const parts = [...source.matchAll(PART)].map(([, path = ""]) => `${path}.ts`);
  const entry = await bundleOne(main, { folder, external: parts });
  const code = await Deno.readTextFile(entry);
  // As long as before, so that the source map is right.
  await Deno.writeTextFile(entry, code.replaceAll(PART, 'import("$1.js"'));
  for (const part of parts) await bundleOne(part, { folder, external: [] });
  return entry;
}

/** Bundles one module. @returns The path of the file. */
async function bundleOne(
  module: string,
  { folder, external }: {
    readonly folder: string;
    readonly external: readonly string[];
  },
): Promise<string> {
  const output = resolve(folder, module.replace(/ts$/, "js"));
  await capture([
    Deno.execPath(),
    "bundle",
    "--sourcemap=external",
    ...external.map((part) => `--external=${part}`),
    "--output",
    output,
    module,
  ], { cwd: REPOSITORY });
  const code = await Deno.readTextFile(output);
  await Deno.writeTextFile(
    output,
    code.replaceAll(/(?<=^\/\/ )\.\.\/\S+$/gm, portableName),
  );
  await makePortable(`${output}.map`);
  return output;
}

/** Names a file of an npm package without its place in the cache of this machine. */
function portableName(path: string): string {
  return path.replace(/^\.\.\/.*\/npm\/[^/]+\//, "npm/");
}

/** Names the sources as in the repository, and leaves out their content. */
async function makePortable(path: string): Promise<void> {
  const map: SourceMap & { readonly names: readonly string[] } = JSON.parse(
    await Deno.readTextFile(path),
  );
  const portable = {
    version: 3,
    sources: map.sources.map((source) =>
      portableName(relative(REPOSITORY, resolve(dirname(path), source)))
    ),
    names: map.names,
    mappings: map.mappings,
  };
  await Deno.writeTextFile(path, JSON.stringify(portable));
}
