/** Turns the modules of one entry point into a few JavaScript files. @module */

import { capture } from "../process.ts";
import { REPOSITORY } from "../repository.ts";
import type { Binary } from "./binaries.ts";

/**
 * Bundles the entry point into `folder`, which must not exist or be empty: one file with what every
 * call needs, and one for each part that is imported on demand.
 *
 * The same sources give the same bytes on every machine.
 *
 * @returns The path of the file that is run.
 * @throws {ProcessError} with Deno's messages if it cannot be bundled.
 */
export async function bundle(
  { main }: Pick<Binary, "main">,
  folder: string,
): Promise<string> {
  await capture([
    Deno.execPath(),
    "bundle",
    "--code-splitting",
    "--outdir",
    folder,
    main,
  ], { cwd: REPOSITORY });
  return `${folder}/${main.replace(/^.*\/|\.ts$/g, "")}.js`;
}
