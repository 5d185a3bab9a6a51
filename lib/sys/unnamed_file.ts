/** Files without a name, which disappear when they are closed (open(2), O_TMPFILE). @module */

import { attempt, errnoName, systemError } from "./files.ts";

/** Linux adds O_DIRECTORY to this for O_TMPFILE, which the constants of node:fs lack. */
const TMPFILE = 0o20000000;

/** The errors of a file system, or a kernel, without files that have no name. */
const NO_UNNAMED_FILES = ["ENOTSUP", "EOPNOTSUPP", "EISDIR", "EINVAL"];

/**
 * Checks that a file can be created in `directory` and written. The file has no name, so that
 * nothing in the directory changes.
 *
 * @returns False if the file system has no such files: nothing is known then.
 * @throws {SystemError} if it cannot be created or written.
 */
export function probeCreation(directory: string): boolean {
  // Loaded on demand: importing node:fs takes as long as a whole call that does not need it.
  // deno-lint-ignore no-process-global
  const fs = process.getBuiltinModule("node:fs");
  const { O_DIRECTORY, O_RDWR } = fs.constants;
  const flags = TMPFILE | O_DIRECTORY | O_RDWR;
  let file: number;
  try {
    file = fs.openSync(directory, flags, 0o600);
  } catch (error) {
    if (NO_UNNAMED_FILES.includes(errnoName(error) ?? "")) return false;
    throw systemError("create a file in", directory, error);
  }
  try {
    attempt("write a file in", directory, () => fs.writeSync(file, "x"));
  } finally {
    fs.closeSync(file);
  }
  return true;
}
