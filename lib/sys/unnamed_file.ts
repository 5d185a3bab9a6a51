/** Files without a name, which disappear when they are closed (open(2), O_TMPFILE). @module */

import { closeSync, constants, openSync, writeSync } from "node:fs";
import { attempt, errnoName, systemError } from "./files.ts";

const { O_DIRECTORY, O_RDWR } = constants;
/** The constants of node:fs lack it. */
const O_TMPFILE = 0o20000000 | O_DIRECTORY;

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
  let file: number;
  try {
    file = openSync(directory, O_TMPFILE | O_RDWR, 0o600);
  } catch (error) {
    if (NO_UNNAMED_FILES.includes(errnoName(error) ?? "")) return false;
    throw systemError("create a file in", directory, error);
  }
  try {
    attempt("write a file in", directory, () => writeSync(file, "x"));
  } finally {
    closeSync(file);
  }
  return true;
}
