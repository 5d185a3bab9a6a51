/**
 * Syncing files and their directory to the disk, on other threads. Files that wait at the same time
 * are synced together, because the file system then writes its journal once for all of them.
 *
 * @module
 */

import { systemError } from "./files.ts";

/** Each file takes a thread. */
const MAX_GROUP = 16;

/** A file that waits to be synced. */
interface Waiting {
  readonly file: Deno.FsFile;
  readonly outcome: PromiseWithResolvers<void>;
}

/** Syncs the files of one directory. */
export class GroupSync {
  readonly #directory: string;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Syncs an open file, and its name in the directory.
   *
   * @param file The caller closes it, and not before this call returns.
   * @throws {SystemError} if the file system refuses.
   */
  async sync(file: Deno.FsFile): Promise<void> {
    const outcome = Promise.withResolvers<void>();
    this.#waiting.push({ file, outcome });
    if (!this.#isRunning) {
      this.#isRunning = true;
      queueMicrotask(() => this.#syncAll());
    }
    await outcome.promise;
  }

  async #syncAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#syncGroup(this.#waiting.splice(0, MAX_GROUP));
    }
    this.#isRunning = false;
  }

  async #syncGroup(group: readonly Waiting[]): Promise<void> {
    const named = this.#syncDirectory();
    await Promise.all(group.map(async ({ file, outcome }) => {
      try {
        await Promise.all([named, file.sync()]);
        outcome.resolve();
      } catch (error) {
        outcome.reject(systemError("fsync", this.#directory, error));
      }
    }));
  }

  async #syncDirectory(): Promise<void> {
    using directory = await Deno.open(this.#directory, { read: true });
    await directory.sync();
  }
}
