/** File operations that throw {@link SystemError} with the operating system's reason. @module */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { SystemError } from "../base/errors.ts";

/** Returns the name of the operating system's error, such as `ENOENT`; undefined for other errors. */
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
  const prefix = `${errnoName(cause)}: `;
  // The functions of node:fs write `ENOENT: no such file or directory, open '/x'`, those of Deno
  // `No such file or directory (os error 2)`.
  const [reason = text] = text.startsWith(prefix)
    ? text.slice(prefix.length).split(", ")
    : text.split(" (os error");
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

const WRITABLE_BY_OTHERS = 0o022;

/**
 * Returns why other users than root and this one could change the files of a directory; undefined
 * if they could not. Needs the permission `sys=uid`.
 */
export function exposureOf(
  { uid, mode }: Pick<Deno.FileInfo, "uid" | "mode">,
): string | undefined {
  if (uid !== null && uid !== 0 && uid !== Deno.uid()) {
    return `owned by user ${uid}`;
  }
  return ((mode ?? 0) & WRITABLE_BY_OTHERS) === 0
    ? undefined
    : "writable by other users";
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
const { O_DIRECTORY, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
/** Creates a file without a name (open(2)). The constants of node:fs lack it. */
const O_TMPFILE = 0o20000000 | O_DIRECTORY;

/**
 * Reads the text of a file that this project made and that is small. The caller has found out that
 * it is a regular file. If it has been replaced since, by a FIFO or a device, reading it does not
 * wait, and ends at the limit.
 *
 * @returns Undefined if the file does not exist.
 * @throws {OversizeError} if it has more than `maxBytes`.
 * @throws {SystemError} if it cannot be read.
 */
export function readSmallFile(
  path: string,
  maxBytes: number,
): string | undefined {
  let file: number;
  try {
    file = openSync(path, O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if (errnoName(error) === "ENOENT") return undefined;
    throw systemError("open", path, error);
  }
  try {
    return attempt("read", path, () => readDescriptor(file, path, maxBytes));
  } finally {
    closeSync(file);
  }
}

function readDescriptor(file: number, path: string, maxBytes: number): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let total = 0;
  for (;;) {
    const length = readSync(file, buffer, 0, buffer.length, null);
    total += length;
    if (total > maxBytes) {
      throw new OversizeError(`read ${path}: more than ${maxBytes} bytes`);
    }
    // A FIFO without a writer looks like an empty file.
    if (total === 0 && !fstatSync(file).isFile()) {
      throw new SystemError(`read ${path}: is not a regular file`);
    }
    if (length < buffer.length) {
      return text + decoder.decode(buffer.subarray(0, length));
    }
    text += decoder.decode(buffer, { stream: true });
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
