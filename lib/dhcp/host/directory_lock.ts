/** The lock of a state directory. @module */

import { SystemError } from "../../base/errors.ts";
import { attempt } from "../../sys/files.ts";

/**
 * Makes sure that no other daemon uses a state directory: both would treat all its leases as their
 * own.
 *
 * @returns Dispose of it to unlock the directory.
 * @throws {SystemError} if another daemon uses it.
 */
export function lockDirectory(path: string): Disposable {
  const directory = attempt("open", path, () => Deno.openSync(path));
  if (attempt("flock", path, () => directory.tryLockSync(true))) {
    return directory;
  }
  directory.close();
  throw new SystemError(`flock ${path}: another daemon uses it`);
}
