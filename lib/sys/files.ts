/** File operations that fail with {@link SystemError}, in the words of the operating system. @module */

import { SystemError } from "../base/errors.ts";

/** What the operating system, or the sandbox around the plugin, said. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotCapable) {
    return "the sandbox of the plugin has no path under /proc, /sys or /dev";
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  const [reason = text] = text.split(" (os error");
  return reason.charAt(0).toLowerCase() + reason.slice(1);
}

/** `open /x/y: no such file or directory`, from what Deno throws. */
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

/** Runs `body`; what it throws becomes a {@link SystemError} that names operation and path. */
export function attempt<T>(operation: string, path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof SystemError) throw error;
    throw systemError(operation, path, error);
  }
}

/** What is at `path`, links not followed; undefined if nothing is. */
export function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw systemError("lstat", path, error);
  }
}

/**
 * What is at `path`, as {@link lstat}; links, directories and other special files are refused: they are somebody
 * else's, and are neither followed nor replaced.
 *
 * @throws {SystemError} If it is not a regular file.
 */
export function lstatOwn(path: string): Deno.FileInfo | undefined {
  const info = lstat(path);
  if (info?.isFile !== false) return info;
  const what = info.isDirectory ? "is a directory" : "is not a regular file";
  throw new SystemError(`open ${path}: ${what}`, { advice: `remove ${path}` });
}

/** The text of a file. */
export function readText(path: string): string {
  return attempt("open", path, () => Deno.readTextFileSync(path));
}

/** Enough for what runtimes write; longer files are read again in full. */
const buffer = new Uint8Array(1024);
const decoder = new TextDecoder();

/** The text of a file that is small as a rule; undefined if it is not there (any more). */
export function readSmallFile(path: string): string | undefined {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw systemError("open", path, error);
  }
  try {
    const length = attempt("read", path, () => file.readSync(buffer)) ?? 0;
    if (length === buffer.length) return readText(path);
    return decoder.decode(buffer.subarray(0, length));
  } finally {
    file.close();
  }
}

/** Makes a file that must not be there yet and brings its content to the disk; leaves nothing behind if that fails. */
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
    removeQuietly(path);
    throw error;
  } finally {
    file.close();
  }
}

/** Brings the names in a directory to the disk. */
export function syncDirectory(path: string): void {
  attempt("fsync", path, () => {
    using directory = Deno.openSync(path, { read: true });
    directory.syncSync();
  });
}

/** Removes a file; one that is not there is fine. */
export function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw systemError("unlink", path, error);
  }
}

/** Removes a file if that is possible, for places where a failure is being reported already. */
export function removeQuietly(path: string): boolean {
  try {
    removeFile(path);
    return true;
  } catch {
    return false;
  }
}

/** Renames a file, over another one if there is one. */
export function renameFile(from: string, to: string): void {
  attempt("rename", from, () => Deno.renameSync(from, to));
}
