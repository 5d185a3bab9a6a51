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

/** Returns whether the locked file is still the one that other processes will lock. */
function isCurrent(file: Deno.FsFile, path: string): boolean {
  const info = lstat(path);
  const own = file.statSync();
  return info !== undefined && info.ino === own.ino && info.dev === own.dev;
}

/** A lock that is held. Disposing of it releases it; so does the end of the process. */
export interface HeldLock extends Disposable {
  readonly file: Deno.FsFile;
}

/** A caller that may disconnect, and then runs the command itself. */
export interface Caller {
  readonly hungUp: AbortSignal;
  /** When it has called, on the clock of `performance.now`. */
  readonly sinceMs: number;
}

/** How a lock is taken. */
export interface LockOptions {
  /** Whether to create a missing file. */
  readonly create: boolean;
  readonly timeoutMs: number;
  /** For whom. Once it has disconnected, the lock is not taken for it any more. */
  readonly caller?: Caller | undefined;
}

/** No caller disconnects earlier because this process does not answer. */
const MAX_PROMPT_MS = 1000;
/** Enough for the event loop to notice what has happened. */
const NOTICE_MS = 20;

/**
 * Waits in the kernel at the same time. The runtime has 32 threads, and the calls of other networks
 * need some to sync their files.
 */
const MAX_KERNEL_WAITS = 8;
/** How often a call that gets no thread tries to take the lock. */
const POLL_MS = 50;

/** A wait in the kernel's queue, which takes a thread and cannot be ended. */
interface KernelWait {
  readonly path: string;
  readonly file: Deno.FsFile;
  readonly locked: Promise<void>;
}

/**
 * The locks that this process takes. Its calls queue for each lock here, in order, so that only one
 * of them, and one thread, waits in the kernel for other processes.
 */
export class NetworkLocks {
  /** The calls that wait for each lock that a call of this process has or waits for. */
  readonly #queues = new Map<string, (() => void)[]>();
  /** Waits that calls have left behind. */
  readonly #abandoned = new Set<KernelWait>();
  #kernelWaits = 0;

  /**
   * Takes the lock at `path`.
   *
   * @returns Undefined if there is no file and `create` is false, or there is no directory.
   * @throws {SystemError} if it cannot be opened, another call or process holds it for `timeoutMs`,
   *   or the caller has disconnected.
   */
  async take(
    path: string,
    { create, timeoutMs, caller }: LockOptions,
  ): Promise<HeldLock | undefined> {
    const deadline = new Deadline(path, timeoutMs, caller?.hungUp);
    using stack = new DisposableStack();
    const queue = this.#queues.get(path);
    if (queue === undefined) this.#queues.set(path, []);
    else await this.#turn(path, { queue, deadline });
    stack.defer(() => this.#endTurn(path));
    for (;;) {
      using locked = new DisposableStack();
      const file = await this.#lock(path, { create, deadline });
      if (file === undefined) return undefined;
      locked.use(file);
      // The directory may have been removed and created again during the wait.
      if (!isCurrent(file, path)) continue;
      if (caller !== undefined) await refuseIfGone(caller, path);
      stack.use(locked.move());
      const held = stack.move();
      return { file, [Symbol.dispose]: () => held.dispose() };
    }
  }

  /** Waits until no other call of this process has the lock or waits for it in the kernel. */
  async #turn(
    path: string,
    { queue, deadline }: {
      readonly queue: (() => void)[];
      readonly deadline: Deadline;
    },
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.push(resolve);
    try {
      await deadline.limit(promise);
    } catch (error) {
      const index = queue.indexOf(resolve);
      // It may have become our turn at the very end.
      if (index < 0) this.#endTurn(path);
      else queue.splice(index, 1);
      throw error;
    }
  }

  #endTurn(path: string): void {
    const next = this.#queues.get(path)?.shift();
    if (next === undefined) this.#queues.delete(path);
    else next();
  }

  /** @returns The locked file; undefined if there is none. */
  async #lock(
    path: string,
    { create, deadline }: {
      readonly create: boolean;
      readonly deadline: Deadline;
    },
  ): Promise<Deno.FsFile | undefined> {
    let wait = this.#takeOver(path);
    if (wait === undefined) {
      const file = openLockFile(path, create);
      if (file === undefined || tryLock(file, path)) return file;
      if (this.#kernelWaits >= MAX_KERNEL_WAITS) {
        return await pollLock(file, { path, deadline });
      }
      wait = { path, file, locked: this.#waitInKernel(file, path) };
    }
    try {
      await deadline.limit(wait.locked);
      return wait.file;
    } catch (error) {
      this.#abandon(wait);
      throw error;
    }
  }

  async #waitInKernel(file: Deno.FsFile, path: string): Promise<void> {
    this.#kernelWaits++;
    try {
      await file.lock(true);
    } catch (error) {
      throw systemError("flock", path, error);
    } finally {
      this.#kernelWaits--;
    }
  }

  /** @returns A wait that a call has left behind, unless the lock file was replaced since. */
  #takeOver(path: string): KernelWait | undefined {
    const wait = [...this.#abandoned].find((wait) =>
      wait.path === path && isCurrent(wait.file, path)
    );
    if (wait !== undefined) this.#abandoned.delete(wait);
    return wait;
  }

  /** Leaves a wait to the next call; if there is none when it ends, the lock is released. */
  #abandon(wait: KernelWait): void {
    this.#abandoned.add(wait);
    const end = (): void => {
      if (this.#abandoned.delete(wait)) wait.file.close();
    };
    wait.locked.then(end, end);
  }
}

/**
 * Refuses a caller that has disconnected. If this process was stopped (SIGSTOP), that may not have
 * been noticed yet. The caller may have run the command itself by now, and others after it: a DEL
 * or GC that comes late would release what they have reserved.
 */
async function refuseIfGone(
  { hungUp, sinceMs }: Caller,
  path: string,
): Promise<void> {
  if (performance.now() - sinceMs > MAX_PROMPT_MS) {
    await new Promise((resolve) => setTimeout(resolve, NOTICE_MS));
  }
  if (hungUp.aborted) throw disconnected(path);
}

function disconnected(path: string): SystemError {
  return new SystemError(`flock ${path}: the caller has disconnected`);
}

/** Takes the lock if it is free. Closes the file if that fails. */
function tryLock(file: Deno.FsFile, path: string): boolean {
  try {
    return file.tryLockSync(true);
  } catch (error) {
    file.close();
    throw systemError("flock", path, error);
  }
}

/** Waits without a thread. Closes the file if that fails. */
async function pollLock(
  file: Deno.FsFile,
  { path, deadline }: { readonly path: string; readonly deadline: Deadline },
): Promise<Deno.FsFile> {
  do {
    try {
      await deadline.limit(
        new Promise((resolve) => setTimeout(resolve, POLL_MS)),
      );
    } catch (error) {
      file.close();
      throw error;
    }
  } while (!tryLock(file, path));
  return file;
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
    this.#endMs = performance.now() + timeoutMs;
    this.#signal = signal;
  }

  /** Waits for `work`. @throws {SystemError} at the deadline, or if the signal is aborted. */
  async limit<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(disconnected(this.#path));
    this.#signal?.addEventListener("abort", onAbort);
    const timer = setTimeout(
      () => reject(this.#heldTooLong()),
      Math.min(this.#endMs - performance.now(), MAX_TIMER_MS),
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
