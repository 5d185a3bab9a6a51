/**
 * Syncing files and directories to the disk: at once, or on other threads.
 *
 * @module
 */

import { attempt, syncDirectory, systemError } from "./files.ts";

/** Each takes a thread. The runtime has 32, and others are needed to wait for locks. */
const MAX_FILES = 16;
/** More than one, so that a file system that hangs does not hold up the others. */
const MAX_DIRECTORIES = 4;

/** Syncs what a command has changed. What is returned resolves once it is on the disk. */
export interface DiskSync {
  /**
   * Syncs an open file, and closes it.
   *
   * @param path For messages.
   * @throws {SystemError} if the file system refuses.
   */
  file(file: Deno.FsFile, path: string): void | Promise<void>;

  /**
   * Syncs the entries of a directory, with every change made before this call.
   *
   * @throws {SystemError} if the file system refuses.
   */
  directory(path: string): void | Promise<void>;
}

/** Blocks the process meanwhile: for one that runs a single command. */
export const BLOCKING_SYNC: DiskSync = {
  file: (file, path) => {
    using _closed = file;
    attempt("fsync", path, () => file.syncSync());
  },
  directory: syncDirectory,
};

/**
 * Syncs on other threads. What waits at the same time is synced together: the file system writes
 * its journal once for all of it, and a directory takes one fsync(2).
 */
export class BackgroundSync implements DiskSync {
  readonly #fileThreads = new Threads(MAX_FILES);
  readonly #directoryThreads = new Threads(MAX_DIRECTORIES);
  /** The last sync of each directory that has not ended. */
  readonly #directories = new Map<string, DirectorySync>();

  async file(file: Deno.FsFile, path: string): Promise<void> {
    using _closed = file;
    await this.#fileThreads.run(() => syncOpen(file, path));
  }

  async directory(path: string): Promise<void> {
    const last = this.#directories.get(path);
    // It includes every change made before it begins.
    if (last?.hasBegun === false) return await last.ended.promise;
    const sync = { hasBegun: false, ended: Promise.withResolvers<void>() };
    this.#directories.set(path, sync);
    await last?.ended.promise.catch(() => {});
    this.#syncDirectory(path, sync)
      .then(sync.ended.resolve, sync.ended.reject);
    await sync.ended.promise;
  }

  async #syncDirectory(path: string, sync: DirectorySync): Promise<void> {
    try {
      await this.#directoryThreads.run(async () => {
        sync.hasBegun = true;
        using directory = attempt(
          "fsync",
          path,
          () => Deno.openSync(path, { read: true }),
        );
        await syncOpen(directory, path);
      });
    } finally {
      if (this.#directories.get(path) === sync) this.#directories.delete(path);
    }
  }
}

/** A sync of a directory for all that call before it has begun. */
interface DirectorySync {
  hasBegun: boolean;
  readonly ended: PromiseWithResolvers<void>;
}

async function syncOpen(file: Deno.FsFile, path: string): Promise<void> {
  try {
    await file.sync();
  } catch (error) {
    throw systemError("fsync", path, error);
  }
}

/** Limits how many threads work at the same time. */
class Threads {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `body`, which takes a thread, once there is one. */
  async run(body: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await body();
    } finally {
      // Leaves the thread to the next.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
