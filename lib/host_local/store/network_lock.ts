/** The lock of a network: `flock(2)` on a file that is never removed, the same lock that upstream takes. @module */

import { SystemError } from "../../base/errors.ts";
import { MAX_TIMER_MS } from "../../sys/timeout.ts";
import { attempt, lstat, lstatOwn, systemError } from "../../sys/files.ts";

const LOCK_MODE = 0o750;

/** Opens the lock file; undefined if there is none and `create` is false, or no directory to make it in. */
function openLockFile(path: string, create: boolean): Deno.FsFile | undefined {
  if (lstatOwn(path) !== undefined) {
    return attempt("open", path, () => Deno.openSync(path));
  }
  if (!create) return undefined;
  try {
    return Deno.openSync(path, {
      read: true,
      write: true,
      createNew: true,
      mode: LOCK_MODE,
    });
  } catch (error) {
    // Another call was faster: the file is there now.
    if (error instanceof Deno.errors.AlreadyExists) {
      return openLockFile(path, false);
    }
    // The directory is gone since somebody looked.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw systemError("open", path, error);
  }
}

/**
 * Takes the lock of an open file, waiting in the kernel's own queue.
 *
 * @returns False if `timeoutMs` has passed. The file is closed then, as soon as the wait for it is over.
 */
async function takeLock(
  file: Deno.FsFile,
  timeoutMs: number,
): Promise<boolean> {
  if (file.tryLockSync(true)) return true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(
      () => resolve(false),
      Math.min(timeoutMs, MAX_TIMER_MS),
    );
  });
  const locked = file.lock(true).then(() => true);
  try {
    const isLocked = await Promise.race([locked, timeout]);
    if (!isLocked) locked.finally(() => file.close()).catch(() => {});
    return isLocked;
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the file that was locked is still the one that others will lock. */
function isCurrent(file: Deno.FsFile, path: string): boolean {
  const info = lstat(path);
  const own = file.statSync();
  return info !== undefined && info.ino === own.ino && info.dev === own.dev;
}

/**
 * Takes the lock at `path`. Closing the file that is returned gives it back; so does the end of the process.
 *
 * After a time-out the wait goes on in the background; the end of the process ends it.
 *
 * @param create Whether to make the file.
 * @returns Undefined if there is no such file and `create` is false, or no directory.
 * @throws {SystemError} If it cannot be opened, or somebody else held it for `timeoutMs`.
 */
export async function lockFile(
  path: string,
  { create, timeoutMs }: {
    readonly create: boolean;
    readonly timeoutMs: number;
  },
): Promise<Deno.FsFile | undefined> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const file = openLockFile(path, create);
    if (file === undefined) return undefined;
    const isLocked = await takeLock(file, deadlineMs - Date.now())
      .catch((error) => Promise.reject(systemError("flock", path, error)));
    if (!isLocked) {
      throw new SystemError(
        `flock ${path}: held by another process for more than ${
          timeoutMs / 1000
        } s`,
        { advice: `to see which: fuser -v ${path}` },
      );
    }
    // The directory may have been removed and made again while this call waited.
    if (isCurrent(file, path)) return file;
    file.close();
  }
}

/**
 * Looks whether the lock could be taken: the file can be opened and locked, or is held by somebody right now.
 *
 * @returns False if there is no lock file.
 * @throws {SystemError} If it could not be taken.
 */
export function probeLock(path: string): boolean {
  const file = openLockFile(path, false);
  if (file === undefined) return false;
  try {
    attempt("flock", path, () => file.tryLockSync(true));
    // Fails on a file system that is mounted read-only, and changes nothing on any other.
    const { atime, mtime } = file.statSync();
    if (atime !== null && mtime !== null) {
      attempt("utime", path, () => file.utimeSync(atime, mtime));
    }
    return true;
  } finally {
    file.close();
  }
}
