/** Regular checks of a daemon's files, which other programs might remove. @module */

import { SystemError } from "../base/errors.ts";
import type { Log } from "../base/log_line.ts";

/** A file that a daemon needs as long as it runs. */
export interface RestorableFile {
  readonly path: string;
  /**
   * Makes the file again if it was removed.
   *
   * @returns Whether it was.
   * @throws {SystemError} if that fails.
   */
  restore(): boolean;
}

/** Restores files that were removed, and logs it. */
export class FileCheck {
  readonly #files: readonly RestorableFile[];
  readonly #log: Log;
  /** Why a file cannot be restored, by path. */
  readonly #problems = new Map<string, string>();

  constructor(files: readonly RestorableFile[], log: Log) {
    this.#files = files;
    this.#log = log;
  }

  /** Checks all files once. */
  run(): void {
    for (const file of this.#files) this.restore(file);
  }

  /** Checks one file. @returns Whether it was gone, and is there again. */
  restore(file: RestorableFile): boolean {
    const { path } = file;
    let isRestored = false;
    this.attempt(path, () => isRestored = file.restore());
    if (isRestored) this.#log("warn", "file-restored", { path });
    return isRestored;
  }

  /** Runs `body`; logs why it fails, once for each reason. */
  attempt(path: string, body: () => void): void {
    try {
      body();
      this.#problems.delete(path);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const { message: reason, advice } = error;
      if (this.#problems.get(path) === reason) return;
      this.#problems.set(path, reason);
      this.#log("error", "file-not-restored", {
        path,
        reason,
        ...(advice === "" ? {} : { advice }),
      });
    }
  }
}
