/** Files by which a daemon shows that it runs. @module */

import { SystemError } from "../base/errors.ts";
import { attempt, createFile, removeFile, renameFile } from "./files.ts";

const PID_FILE_MODE = 0o644;

/**
 * Writes the number of this process.
 *
 * @param path Absolute; empty: nothing is written.
 * @returns Dispose of it to remove the file.
 * @throws {SystemError} with upstream's text.
 */
export function writePidFile(path: string): Disposable {
  if (path === "") return { [Symbol.dispose]: () => {} };
  try {
    if (!path.startsWith("/")) throw new SystemError("path not absolute", "");
    const temporary = `${path}.${Deno.pid}`;
    createFile(temporary, String(Deno.pid), PID_FILE_MODE);
    renameFile(temporary, path);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new SystemError(
      `Error writing pidfile ${JSON.stringify(path)}: ${error.message}`,
      error.advice,
    );
  }
  return { [Symbol.dispose]: () => removeFile(path) };
}

/**
 * Makes sure that no other daemon uses a directory: both would believe that all leases are theirs.
 *
 * @returns Dispose of it to let another in.
 * @throws {SystemError} if another daemon has it.
 */
export function lockDirectory(path: string): Disposable {
  const directory = attempt("open", path, () => Deno.openSync(path));
  if (attempt("flock", path, () => directory.tryLockSync(true))) {
    return directory;
  }
  directory.close();
  throw new SystemError(`flock ${path}: another daemon has it`, "");
}
