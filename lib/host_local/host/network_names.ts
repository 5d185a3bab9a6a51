/** The names of the networks of a data directory. @module */

import { advised } from "../../base/errors.ts";
import { systemError } from "../../sys/files.ts";

/**
 * Returns the names of the networks in a data directory, sorted; none if there is no such
 * directory.
 *
 * @throws {SystemError} if the directory cannot be read.
 */
export function networkNames(dataDir: string): readonly string[] {
  try {
    return [...Deno.readDirSync(dataDir)]
      .filter(({ isDirectory, isSymlink }) => isDirectory || isSymlink)
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    return advised(
      "name a data directory such as /var/lib/cni/networks",
      () => {
        throw systemError("read", dataDir, error);
      },
    );
  }
}
