/** The lock of a state directory. @module */

import { SystemError } from "../../base/errors.ts";
import { makeStateDirectory } from "../../sys/atomic_file.ts";
import { attempt, lstat } from "../../sys/files.ts";
import { LOCK_FILE } from "../protocol/state_directory.ts";

/** How long the daemon waits for another one, which might be about to end. */
const WAIT_MS = 5000;
const RETRY_MS = 100;
const LOCK_FILE_MODE = 0o600;
const OPEN_TO_OTHERS = 0o077;
/** More than a process ID has. */
const MAX_CONTENT = 32;

/**
 * Makes sure that no other daemon uses a state directory: both would treat all its leases as their
 * own.
 *
 * The lock is that of a file which only the daemon's user can open, so that no other user can hold
 * it. The directory is locked as well: for releases of the daemon that know no lock file, and for
 * directories in which none can be made.
 */
export class StateLock implements Disposable {
  #locked: LockedFiles;

  private constructor(readonly directory: string, locked: LockedFiles) {
    this.#locked = locked;
  }

  /**
   * Makes the directory if need be and locks it. Waits a few seconds for another daemon to end.
   *
   * @throws {SystemError} if another daemon uses the directory, or it cannot be used.
   */
  static async acquire(directory: string): Promise<StateLock> {
    const endMs = performance.now() + WAIT_MS;
    for (;;) {
      try {
        return new StateLock(directory, lock(directory, undefined));
      } catch (error) {
        const isLate = performance.now() >= endMs;
        if (!(error instanceof LockHeldError) || isLate) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Why files cannot be made in the directory; undefined if they can. */
  get problem(): SystemError | undefined {
    const { file } = this.#locked;
    return file instanceof SystemError ? file : undefined;
  }

  /**
   * Makes and locks the directory again if it, or its lock file, was removed.
   *
   * @returns Whether that was so; then other files in it may be gone as well.
   * @throws {SystemError} if another daemon uses the directory, or it cannot be used.
   */
  restore(): boolean {
    const { file, directory } = this.#locked;
    const path = this.directory;
    const isDirectoryInPlace = isInPlace(path, directory);
    const isFileInPlace = file instanceof SystemError ||
      isInPlace(lockPathOf(path), file);
    if (isDirectoryInPlace && isFileInPlace) return false;
    this.#locked = lock(path, isDirectoryInPlace ? directory : undefined);
    if (!isDirectoryInPlace) directory.close();
    if (!(file instanceof SystemError)) file.close();
    return true;
  }

  /** Unlocks the directory. */
  [Symbol.dispose](): void {
    const { file, directory } = this.#locked;
    directory.close();
    if (!(file instanceof SystemError)) file.close();
  }
}

/** What a {@link StateLock} holds open. */
interface LockedFiles {
  /** The lock file, or why none can be made: the file system may be read-only. */
  readonly file: Deno.FsFile | SystemError;
  readonly directory: Deno.FsFile;
}

/** Another process holds the lock. */
class LockHeldError extends SystemError {}

/**
 * Locks a state directory.
 *
 * @param locked The directory, if it is locked already.
 * @throws {SystemError} if it cannot be locked.
 */
function lock(path: string, locked: Deno.FsFile | undefined): LockedFiles {
  makeStateDirectory(path);
  using stack = new DisposableStack();
  const file = openLockFile(lockPathOf(path));
  const isFile = !(file instanceof SystemError);
  if (isFile) lockFile(stack.use(file), path);
  const directory = locked ??
    stack.use(attempt("open", path, () => Deno.openSync(path)));
  if (locked === undefined && !tryLock(directory, path)) {
    // Any user who can open the directory can hold its lock: then it says nothing.
    if (!isFile || !isOpenToOthers(path)) throw heldError(path, "");
  }
  stack.move();
  return { file, directory };
}

function lockPathOf(directory: string): string {
  return `${directory}/${LOCK_FILE}`;
}

/** @returns Why there is no lock file, if none can be made. */
function openLockFile(path: string): Deno.FsFile | SystemError {
  const options = { read: true, write: true, create: true };
  try {
    return attempt(
      "open",
      path,
      () => Deno.openSync(path, { ...options, mode: LOCK_FILE_MODE }),
    );
  } catch (error) {
    if (error instanceof SystemError) return error;
    throw error;
  }
}

/** Locks the lock file. @throws {LockHeldError} if another process holds it or replaced it. */
function lockFile(file: Deno.FsFile, directory: string): void {
  if (!tryLock(file, directory)) throw heldError(directory, readPid(file));
  const path = lockPathOf(directory);
  if (!isInPlace(path, file)) {
    throw new LockHeldError(`flock ${directory}: the lock file was replaced`);
  }
  writePid(file, path);
}

function tryLock(file: Deno.FsFile, path: string): boolean {
  return attempt("flock", path, () => file.tryLockSync(true));
}

/** Returns whether `path` is still this file. */
function isInPlace(path: string, file: Deno.FsFile): boolean {
  const { dev, ino } = attempt("stat", path, () => file.statSync());
  const info = lstat(path);
  return info?.dev === dev && info.ino === ino;
}

function isOpenToOthers(path: string): boolean {
  return ((lstat(path)?.mode ?? 0) & OPEN_TO_OTHERS) !== 0;
}

/** @returns Empty if the file has none. */
function readPid(file: Deno.FsFile): string {
  const buffer = new Uint8Array(MAX_CONTENT);
  const length = file.readSync(buffer) ?? 0;
  const [pid = ""] = /^\d+/.exec(
    new TextDecoder().decode(buffer.subarray(0, length)),
  ) ?? [];
  return pid;
}

/** For operators, and for the error of the next daemon; the lock holds without it. */
function writePid(file: Deno.FsFile, path: string): void {
  try {
    attempt("write", path, () => {
      file.truncateSync();
      file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
    });
  } catch (error) {
    // The disk is full: leases cannot be written either, which is logged.
    if (!(error instanceof SystemError)) throw error;
  }
}

function heldError(path: string, pid: string): LockHeldError {
  const who = pid === "" ? "" : ` (process ${pid})`;
  const what = pid === "" ? "it" : `process ${pid}`;
  return new LockHeldError(`flock ${path}: another daemon uses it${who}`, {
    advice: `stop ${what}, or choose another -socketpath and -statedir`,
  });
}
