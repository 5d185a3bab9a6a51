/** The pid file of a daemon. @module */

import { SystemError } from "../base/errors.ts";
import { createFile, lstat, removeFile, renameFile } from "./files.ts";
import { readSmallFile } from "./small_file.ts";

const PID_FILE_MODE = 0o644;
/** More than a process ID has. */
const MAX_BYTES = 32;

/**
 * Checks the path of a pid file, before the daemon does anything else.
 *
 * @throws {SystemError} with upstream's text if it is not absolute.
 */
export function checkPidFilePath(path: string): void {
  if (path === "" || path.startsWith("/")) return;
  throw pidFileError(path, new SystemError("path not absolute"));
}

/** The pid file of this process. */
export class PidFile implements Disposable {
  readonly path: string;

  /**
   * Writes the file. Call it only once it is certain that no other daemon serves the same
   * directory: the file belongs to that daemon.
   *
   * @param path Absolute; empty: no file is written.
   * @throws {SystemError} with upstream's text.
   */
  constructor(path: string) {
    this.path = path;
    if (path !== "") write(path);
  }

  /**
   * Writes the file again if it was removed. One that another process has written stays.
   *
   * @returns Whether it was removed.
   * @throws {SystemError} with upstream's text.
   */
  restore(): boolean {
    const { path } = this;
    if (path === "" || lstat(path) !== undefined) return false;
    write(path);
    return true;
  }

  /** Removes the file, unless another process has replaced it. */
  [Symbol.dispose](): void {
    const { path } = this;
    if (path !== "" && readOrEmpty(path) === content()) removeFile(path);
  }
}

/** @returns Empty if it is anything but a pid file. */
function readOrEmpty(path: string): string {
  try {
    if (lstat(path)?.isFile !== true) return "";
    return readSmallFile(path, MAX_BYTES) ?? "";
  } catch (error) {
    if (error instanceof SystemError) return "";
    throw error;
  }
}

function content(): string {
  return String(Deno.pid);
}

function write(path: string): void {
  try {
    const temporary = `${path}.${Deno.pid}`;
    // Left behind by a daemon that was killed: in a container the pids repeat.
    removeFile(temporary);
    createFile(temporary, content(), {
      mode: PID_FILE_MODE,
      isDurable: true,
    });
    renameFile(temporary, path);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw pidFileError(path, error);
  }
}

function pidFileError(path: string, error: SystemError): SystemError {
  return new SystemError(
    `Error writing pidfile ${JSON.stringify(path)}: ${error.message}`,
    { advice: error.advice, cause: error },
  );
}
