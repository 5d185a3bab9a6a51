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

/** Tells whether the locked file is still the one that other processes will lock. */
function isCurrent(file: Deno.FsFile, path: string): boolean {
  const info = lstat(path);
  const own = file.statSync();
  return info !== undefined && info.ino === own.ino && info.dev === own.dev;
}

/** A lock that is held. Disposing of it releases it; so does the end of the process. */
export interface HeldLock extends Disposable {
  readonly file: Deno.FsFile;
}

/** How a lock is taken. */
export interface LockOptions {
  /** Whether to create a missing file. */
  readonly create: boolean;
  readonly timeoutMs: number;
  /** Ends the wait, if the caller does not need the lock any more. */
  readonly signal?: AbortSignal;
}

/** A wait in the kernel's queue. It cannot be ended, so a later call takes it over. */
interface KernelWait {
  readonly file: Deno.FsFile;
  readonly locked: Promise<void>;
}

/**
 * The locks that this process takes. Its calls queue for each lock here, in order, so that only one
 * of them, and one thread, waits in the kernel for other processes.
 */
export class NetworkLocks {
  /** The calls that wait for each lock that a call of this process has or waits for. */
  readonly #queues = new Map<string, ((turn: Disposable) => void)[]>();
  /** Waits that a call left behind. */
  readonly #abandoned = new Map<string, KernelWait>();

  /**
   * Takes the lock at `path`.
   *
   * @returns Undefined if there is no file and `create` is false, or there is no directory.
   * @throws {SystemError} if it cannot be opened, another call or process holds it for `timeoutMs`,
   *   or `signal` is aborted.
   */
  async take(
    path: string,
    { create, timeoutMs, signal }: LockOptions,
  ): Promise<HeldLock | undefined> {
    const deadline = new Deadline(path, timeoutMs, signal);
    using stack = new DisposableStack();
    stack.use(await this.#turn(path, deadline));
    for (;;) {
      const file = this.#abandoned.get(path)?.file ??
        openLockFile(path, create);
      if (file === undefined) return undefined;
      await this.#lock(path, file, deadline);
      // The directory may have been removed and created again during the wait.
      if (isCurrent(file, path)) {
        stack.defer(() => file.close());
        const held = stack.move();
        return { file, [Symbol.dispose]: () => held.dispose() };
      }
      file.close();
    }
  }

  /** Waits until no other call of this process has the lock or waits for it in the kernel. */
  async #turn(path: string, deadline: Deadline): Promise<Disposable> {
    const turn = { [Symbol.dispose]: () => this.#endTurn(path, turn) };
    const queue = this.#queues.get(path);
    if (queue === undefined) {
      this.#queues.set(path, []);
      return turn;
    }
    const { promise, resolve } = Promise.withResolvers<Disposable>();
    queue.push(resolve);
    try {
      return await deadline.limit(promise);
    } catch (error) {
      const index = queue.indexOf(resolve);
      // It may have become our turn at the very end.
      if (index < 0) this.#endTurn(path, turn);
      else queue.splice(index, 1);
      throw error;
    }
  }

  #endTurn(path: string, turn: Disposable): void {
    const next = this.#queues.get(path)?.shift();
    if (next === undefined) this.#queues.delete(path);
    else next(turn);
  }

  async #lock(
    path: string,
    file: Deno.FsFile,
    deadline: Deadline,
  ): Promise<void> {
    let wait = this.#abandoned.get(path);
    this.#abandoned.delete(path);
    try {
      if (wait === undefined) {
        if (file.tryLockSync(true)) return;
        wait = { file, locked: file.lock(true) };
      }
      await deadline.limit(wait.locked);
    } catch (error) {
      if (error instanceof SystemError && wait !== undefined) {
        this.#abandon(path, wait);
        throw error;
      }
      file.close();
      throw systemError("flock", path, error);
    }
  }

  /** Leaves a wait to the next call; if there is none when it ends, the lock is released. */
  #abandon(path: string, wait: KernelWait): void {
    this.#abandoned.set(path, wait);
    const end = (): void => {
      if (this.#abandoned.get(path) !== wait) return;
      this.#abandoned.delete(path);
      wait.file.close();
    };
    wait.locked.then(end, end);
  }
}

/** How long a call waits for a lock. */
class Deadline {
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #endMs: number;
  readonly #signal: AbortSignal | undefined;

  constructor(path: string, timeoutMs: number, signal?: AbortSignal) {
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    this.#endMs = Date.now() + timeoutMs;
    this.#signal = signal;
  }

  /** Waits for `work`. @throws {SystemError} at the deadline, or if the signal is aborted. */
  async limit<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void =>
      reject(
        new SystemError(`flock ${this.#path}: the caller has disconnected`),
      );
    this.#signal?.addEventListener("abort", onAbort);
    const timer = setTimeout(
      () => reject(this.#heldTooLong()),
      Math.min(this.#endMs - Date.now(), MAX_TIMER_MS),
    );
    try {
      if (this.#signal?.aborted === true) onAbort();
      return await Promise.race([work, promise]);
    } finally {
      clearTimeout(timer);
      this.#signal?.removeEventListener("abort", onAbort);
    }
  }

  #heldTooLong(): SystemError {
    return new SystemError(
      `flock ${this.#path}: held by another process for more than ${
        this.#timeoutMs / 1000
      } s`,
      { advice: `to see which: fuser -v ${this.#path}` },
    );
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
