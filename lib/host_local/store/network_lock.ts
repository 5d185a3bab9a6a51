/**
 * The lock of a network: `flock(2)` on a file that is never removed, as upstream takes it.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import { MAX_TIMER_MS } from "../../sys/timeout.ts";
import {
  attempt,
  errnoName,
  lstat,
  lstatOwn,
  systemError,
} from "../../sys/files.ts";

const LOCK_MODE = 0o750;

/**
 * Opens the lock file. Returns undefined without one, unless `create` is true, and without a
 * directory.
 */
function openLockFile(path: string, create: boolean): Deno.FsFile | undefined {
  if (lstatOwn(path) !== undefined) return openExisting(path);
  if (!create) return undefined;
  try {
    return Deno.openSync(path, {
      read: true,
      write: true,
      createNew: true,
      mode: LOCK_MODE,
    });
  } catch (error) {
    // Another process was faster: the file exists now.
    if (error instanceof Deno.errors.AlreadyExists) {
      return openLockFile(path, false);
    }
    // The directory has been removed in the meantime.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw systemError("open", path, error);
  }
}

function openExisting(path: string): Deno.FsFile {
  return attempt("open", path, () => {
    try {
      // Should a FIFO have taken its place meanwhile, this does not wait for a writer (fifo(7)).
      return Deno.openSync(path, { read: true, write: true });
    } catch (error) {
      // The lock can be taken without permission to write.
      const isReadOnly = ["EACCES", "EROFS"].includes(errnoName(error) ?? "");
      if (isReadOnly) return Deno.openSync(path);
      throw error;
    }
  });
}

/**
 * Takes the lock of an open file, waiting in the kernel's own queue.
 *
 * @returns False after `timeoutMs`. The file is closed then, as soon as the kernel's wait ends.
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

/** Tells whether the locked file is still the one that other processes will lock. */
function isCurrent(file: Deno.FsFile, path: string): boolean {
  const info = lstat(path);
  const own = file.statSync();
  return info !== undefined && info.ino === own.ino && info.dev === own.dev;
}

/**
 * Takes the lock at `path`. Closing the returned file releases it; so does the end of the process.
 *
 * After a timeout the wait continues in the background, until the process ends.
 *
 * @param options `create`: whether to create a missing file; `timeoutMs`: how long to wait.
 * @returns Undefined if there is no file and `create` is false, or there is no directory.
 * @throws {SystemError} if it cannot be opened, or another process holds it for `timeoutMs`.
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
    // The directory may have been removed and created again during the wait.
    if (isCurrent(file, path)) return file;
    file.close();
  }
}

/**
 * Checks that the lock could be taken: if there is a file, it can be opened, and is locked or can
 * be.
 *
 * @throws {SystemError} if the lock could not be taken.
 */
export function probeLock(path: string): void {
  const file = openLockFile(path, false);
  if (file === undefined) return;
  try {
    attempt("flock", path, () => file.tryLockSync(true));
  } finally {
    file.close();
  }
}
