/** Turns the modules of an executable into a few JavaScript files. @module */

import { capture } from "../process.ts";
import { REPOSITORY } from "../repository.ts";
import type { Binary } from "./binaries.ts";

/** A module that the main module imports on demand. */
const PART = /\bimport\(\s*"(\.\/(?:\w+\/)*(\w+)\.ts)"/g;

/**
 * Bundles the main module into `folder`, and each module that it imports with `import()` into a
 * file of its own. These parts share no code, so that a call loads at most two files.
 *
 * With `--code-splitting` it would load a file for each set of parts that share a module. Each file
 * takes as long as 20 KB of code.
 *
 * The same sources give the same bytes on every machine.
 *
 * @returns The path of the file that is run.
 * @throws {ProcessError} with Deno's messages if a module cannot be bundled.
 */
export async function bundle(
  { main }: Pick<Binary, "main">,
  folder: string,
): Promise<string> {
  const source = await Deno.readTextFile(`${REPOSITORY}/${main}`);
  const parts = [...source.matchAll(PART)].map(([, specifier = ""]) =>
    specifier
  );
  const output = (module: string): string =>
    `${folder}/${module.replace(/^.*\/|\.ts$/g, "")}.js`;
  const run = (
    module: string,
    ...options: readonly string[]
  ): Promise<string> =>
    capture([
      Deno.execPath(),
      "bundle",
      ...options,
      "--output",
      output(module),
      module,
    ], { cwd: REPOSITORY });
  await run(main, ...parts.map((part) => `--external=${part}`));
  const text = await Deno.readTextFile(output(main));
  await Deno.writeTextFile(
    output(main),
    text.replaceAll(PART, 'import("./$2.js"'),
  );
  for (const part of parts) await run(part);
  return output(main);
}
