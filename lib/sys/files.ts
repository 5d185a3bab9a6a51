/** File operations that throw {@link SystemError} with the operating system's reason. @module */

import { SystemError } from "../base/errors.ts";

/**
 * Returns the name of the operating system's error, such as `ENOENT`; undefined for other errors.
 */
export function errnoName(error: unknown): string | undefined {
  return error instanceof Error && "code" in error &&
      typeof error.code === "string"
    ? error.code
    : undefined;
}

/** Returns the reason of a failure as the operating system words it, or the sandbox's refusal. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotCapable) {
    return "the plugin's sandbox does not allow paths under /proc, /sys and /dev";
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  const [reason = text] = text.split(" (os error");
  return reason.charAt(0).toLowerCase() + reason.slice(1);
}

/** Turns an error of Deno into one such as `open /x/y: no such file or directory`. */
export function systemError(
  operation: string,
  path: string,
  cause: unknown,
): SystemError {
  const advice = cause instanceof Deno.errors.NotCapable
    ? "choose another path"
    : "";
  return new SystemError(`${operation} ${path}: ${reasonOf(cause)}`, {
    advice,
    cause,
  });
}

/** Runs `body`. Turns what it throws into a {@link SystemError} that names operation and path. */
export function attempt<T>(operation: string, path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof SystemError) throw error;
    throw systemError(operation, path, error);
  }
}

/** Whether an error of this module means that a file or a directory does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof SystemError &&
    error.cause instanceof Deno.errors.NotFound;
}

/**
 * Reads the metadata of `path`. Does not follow symbolic links.
 *
 * @returns Undefined if the path does not exist.
 * @throws {SystemError} if it cannot be read.
 */
export function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw systemError("lstat", path, error);
  }
}

/**
 * Whether `path` is a directory, or a symbolic link to one.
 *
 * @throws {SystemError} if that cannot be found out.
 */
export function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return false;
    throw systemError("stat", path, error);
  }
}

/**
 * Reads the metadata of a file that this project made. Symbolic links, directories and special
 * files are refused: another program made them, so they are neither followed nor replaced.
 *
 * @returns Undefined if the path does not exist.
 * @throws {SystemError} if it is not a regular file.
 */
export function lstatOwn(path: string): Deno.FileInfo | undefined {
  const info = lstat(path);
  if (info?.isFile !== false) return info;
  const what = info.isDirectory ? "is a directory" : "is not a regular file";
  throw new SystemError(`open ${path}: ${what}`, { advice: `remove ${path}` });
}

/** A file is longer than the limit of its reader. */
export class OversizeError extends SystemError {}

/** Enough for reservations and cursors; a longer file takes several reads. */
const buffer = new Uint8Array(1024);

/**
 * Reads the text of a small file. Anything but a regular file is refused without being opened, and
 * whatever replaces the file meanwhile is not read beyond the limit.
 *
 * @returns Undefined if the file does not exist.
 * @throws {OversizeError} if it has more than `maxBytes`.
 * @throws {SystemError} if it cannot be read, or is not a regular file any more.
 */
export function readSmallFile(
  path: string,
  maxBytes: number,
): string | undefined {
  let opened: Deno.FsFile;
  try {
    // Opening a FIFO would wait for a writer, and opening a device can have effects.
    if (!Deno.statSync(path).isFile) throw notRegular(path);
    opened = Deno.openSync(path);
  } catch (error) {
    if (error instanceof SystemError) throw error;
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw systemError("open", path, error);
  }
  using file = opened;
  return attempt("read", path, () => readOpenFile(file, path, maxBytes));
}

function notRegular(path: string): SystemError {
  return new SystemError(`read ${path}: is not a regular file`);
}

function readOpenFile(
  file: Deno.FsFile,
  path: string,
  maxBytes: number,
): string {
  if (!file.statSync().isFile) throw notRegular(path);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let total = 0;
  for (;;) {
    const length = file.readSync(buffer) ?? 0;
    if (length === 0) return text + decoder.decode();
    total += length;
    if (total > maxBytes) {
      throw new OversizeError(`read ${path}: more than ${maxBytes} bytes`);
    }
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
}

/**
 * Reads the text of a file that an operator has named. Follows symbolic links. Anything but a
 * regular file is refused without being opened: reading a FIFO or a device could take forever.
 *
 * @throws {OversizeError} if it has more than `maxBytes`.
 * @throws {SystemError} if it is not a regular file, or cannot be read.
 */
export function readNamedFile(path: string, maxBytes: number): string {
  const { isFile } = attempt("open", path, () => Deno.statSync(path));
  if (!isFile) throw new SystemError(`open ${path}: is not a regular file`);
  return readSmallFile(path, maxBytes) ?? "";
}

/**
 * Creates a file and syncs its content to the disk. Removes the file if that fails.
 *
 * @throws {SystemError} if the file exists already or cannot be written.
 */
export function createFile(path: string, content: string, mode: number): void {
  const file = attempt(
    "create",
    path,
    () => Deno.openSync(path, { write: true, createNew: true, mode }),
  );
  try {
    attempt("write", path, () => {
      let rest = new TextEncoder().encode(content);
      while (rest.length > 0) rest = rest.subarray(file.writeSync(rest));
      file.syncSync();
    });
  } catch (error) {
    tryRemoveFile(path);
    throw error;
  } finally {
    file.close();
  }
}

/** Syncs the entries of a directory to the disk. @throws {SystemError} if that fails. */
export function syncDirectory(path: string): void {
  attempt("fsync", path, () => {
    using directory = Deno.openSync(path, { read: true });
    directory.syncSync();
  });
}

/** Removes a file, if it exists. @throws {SystemError} if it cannot be removed. */
export function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw systemError("unlink", path, error);
  }
}

/** Tries to remove a file, where another failure is being reported. @returns Whether it is gone. */
export function tryRemoveFile(path: string): boolean {
  try {
    removeFile(path);
    return true;
  } catch {
    return false;
  }
}

/** Renames a file, replacing an existing one. @throws {SystemError} if that fails. */
export function renameFile(from: string, to: string): void {
  attempt("rename", from, () => Deno.renameSync(from, to));
}
