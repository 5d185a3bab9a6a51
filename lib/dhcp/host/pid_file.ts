/** The pid file of the daemon. @module */

import { SystemError } from "../../base/errors.ts";
import {
  createFile,
  lstat,
  readSmallFile,
  removeFile,
  renameFile,
} from "../../sys/files.ts";

const PID_FILE_MODE = 0o644;

/**
 * Checks the path of a pid file, before the daemon does anything else.
 *
 * @throws {SystemError} with upstream's text if it is not absolute.
 */
export function checkPidFilePath(path: string): void {
  if (path === "" || path.startsWith("/")) return;
  throw pidFileError(path, new SystemError("path not absolute"));
}

/**
 * Writes the pid of this process. Call it only once it is certain that no other daemon serves the
 * same directory: the file belongs to that daemon.
 *
 * @param path Absolute; empty: no file is written.
 * @returns Dispose of it to remove the file, unless another process has replaced it.
 * @throws {SystemError} with upstream's text.
 */
export function writePidFile(path: string): Disposable {
  if (path === "") return { [Symbol.dispose]: () => {} };
  const own = String(Deno.pid);
  try {
    const temporary = `${path}.${own}`;
    // Left behind by a daemon that was killed: in a container the pids repeat.
    removeFile(temporary);
    createFile(temporary, own, PID_FILE_MODE);
    renameFile(temporary, path);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw pidFileError(path, error);
  }
  return {
    [Symbol.dispose]: () => {
      const info = lstat(path);
      if (info?.isFile !== true || info.size !== own.length) return;
      if (readSmallFile(path, own.length) === own) removeFile(path);
    },
  };
}

function pidFileError(path: string, error: SystemError): SystemError {
  return new SystemError(
    `Error writing pidfile ${JSON.stringify(path)}: ${error.message}`,
    { advice: error.advice, cause: error },
  );
}
