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
    isDenied: isDenied(cause),
    cause,
  });
}

/** Returns whether the operating system refused something because of the user's permissions. */
export function isDenied(cause: unknown): boolean {
  return cause instanceof Deno.errors.PermissionDenied ||
    ["EACCES", "EPERM"].includes(errnoName(cause) ?? "");
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

/** Returns whether an error of this module means that a file or a directory does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof SystemError &&
    error.cause instanceof Deno.errors.NotFound;
}

/** Whether an error of this module means that there is a file already. */
export function isExisting(error: unknown): boolean {
  return error instanceof SystemError &&
    error.cause instanceof Deno.errors.AlreadyExists;
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
 * Returns whether `path` is a directory, or a symbolic link to one.
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

/**
 * Creates a file. Removes it if it cannot be written.
 *
 * @param options `isDurable`: whether the content must be on the disk on return. Otherwise the file
 *   can be empty or incomplete after a crash of the machine, whatever name it has by then.
 * @throws {SystemError} if the file exists already or cannot be written.
 */
export function createFile(
  path: string,
  content: string,
  { mode, isDurable }: {
    readonly mode: number;
    readonly isDurable: boolean;
  },
): void {
  using file = createOpenFile(path, content, mode);
  if (!isDurable) return;
  try {
    attempt("fsync", path, () => file.syncSync());
  } catch (error) {
    tryRemoveFile(path);
    throw error;
  }
}

/**
 * As {@link createFile}, and returns the open file; its content may not be on the disk yet.
 *
 * @throws {SystemError} if the file exists already or cannot be written.
 */
export function createOpenFile(
  path: string,
  content: string,
  mode: number,
): Deno.FsFile {
  const file = attempt(
    "create",
    path,
    () => Deno.openSync(path, { write: true, createNew: true, mode }),
  );
  try {
    attempt("write", path, () => writeAll(file, content));
    return file;
  } catch (error) {
    file.close();
    tryRemoveFile(path);
    throw error;
  }
}

/**
 * Appends a text to a file, and creates it if there is none. If it cannot be written, a part of the
 * text may be.
 *
 * @param mode The permissions of a new file.
 * @throws {SystemError} if it cannot be written.
 */
export function appendToFile(path: string, text: string, mode: number): void {
  attempt("append", path, () => {
    using file = Deno.openSync(path, { append: true, create: true, mode });
    writeAll(file, text);
  });
}

/**
 * Writes `content` over the beginning of an existing file.
 *
 * @throws {SystemError} if it cannot be opened or written.
 */
export function overwriteFile(path: string, content: string): void {
  attempt("write", path, () => {
    using file = Deno.openSync(path, { write: true });
    writeAll(file, content);
  });
}

function writeAll(file: Deno.FsFile, content: string): void {
  let rest = new TextEncoder().encode(content);
  while (rest.length > 0) rest = rest.subarray(file.writeSync(rest));
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
