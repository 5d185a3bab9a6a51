/**
 * Syncing files and directories to the disk: at once, or on other threads.
 *
 * @module
 */

import { attempt, syncDirectory, systemError } from "./files.ts";

/** Each file takes a thread. */
const MAX_FILES = 16;

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
  #files = 0;
  readonly #waitingFiles: (() => void)[] = [];
  /** The directories whose sync has not begun. */
  readonly #directories = new Map<string, PromiseWithResolvers<void>>();
  #hasDirectory = false;

  async file(file: Deno.FsFile, path: string): Promise<void> {
    using _closed = file;
    await this.#begin();
    try {
      await file.sync();
    } catch (error) {
      throw systemError("fsync", path, error);
    } finally {
      this.#end();
    }
  }

  /** Waits for a thread. */
  async #begin(): Promise<void> {
    if (this.#files < MAX_FILES) {
      this.#files++;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waitingFiles.push(resolve);
    await promise;
  }

  /** Leaves the thread to the next file. */
  #end(): void {
    const next = this.#waitingFiles.shift();
    if (next === undefined) this.#files--;
    else next();
  }

  async directory(path: string): Promise<void> {
    let sync = this.#directories.get(path);
    if (sync === undefined) {
      sync = Promise.withResolvers();
      this.#directories.set(path, sync);
    }
    if (!this.#hasDirectory) {
      this.#hasDirectory = true;
      queueMicrotask(() => this.#syncDirectories());
    }
    await sync.promise;
  }

  /** Syncs one directory after the other. */
  async #syncDirectories(): Promise<void> {
    for (const [path, { resolve, reject }] of this.#directories) {
      this.#directories.delete(path);
      try {
        using directory = Deno.openSync(path, { read: true });
        await directory.sync();
        resolve();
      } catch (error) {
        reject(systemError("fsync", path, error));
      }
    }
    this.#hasDirectory = false;
  }
}
