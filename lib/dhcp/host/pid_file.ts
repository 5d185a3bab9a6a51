/** Files by which a daemon shows that it runs. @module */

import { SystemError } from "../../base/errors.ts";
import {
  attempt,
  createFile,
  lstat,
  readText,
  removeFile,
  renameFile,
} from "../../sys/files.ts";

const PID_FILE_MODE = 0o644;

/**
 * Refuses a path that a pid file cannot have, before anything else is done.
 *
 * @throws {SystemError} with upstream's text.
 */
export function checkPidFilePath(path: string): void {
  if (path === "" || path.startsWith("/")) return;
  throw pidFileError(path, new SystemError("path not absolute"));
}

/**
 * Writes the number of this process, once it is certain that no other daemon is in its place: the file is that one's then.
 *
 * @param path Absolute; empty: nothing is written.
 * @returns Dispose of it to remove the file, unless it is another's by then.
 * @throws {SystemError} with upstream's text.
 */
export function writePidFile(path: string): Disposable {
  if (path === "") return { [Symbol.dispose]: () => {} };
  const own = String(Deno.pid);
  try {
    const temporary = `${path}.${own}`;
    // Left behind by one that was killed: in a container the numbers are always the same.
    removeFile(temporary);
    createFile(temporary, own, PID_FILE_MODE);
    renameFile(temporary, path);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw pidFileError(path, error);
  }
  return {
    [Symbol.dispose]: () => {
      if (lstat(path)?.isFile === true && readText(path) === own) {
        removeFile(path);
      }
    },
  };
}

function pidFileError(path: string, error: SystemError): SystemError {
  return new SystemError(
    `Error writing pidfile ${JSON.stringify(path)}: ${error.message}`,
    { advice: error.advice, cause: error },
  );
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
  throw new SystemError(`flock ${path}: another daemon has it`);
}
