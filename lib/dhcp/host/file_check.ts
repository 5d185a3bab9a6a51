/** Regular checks of the daemon's files, which other programs might remove. @module */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import type { Daemon } from "../daemon/daemon.ts";
import type { DaemonSocket } from "./daemon_socket.ts";
import type { PidFile } from "../../sys/pid_file.ts";
import type { ReleaseNotes } from "./release_notes.ts";
import type { StateLock } from "./state_lock.ts";

/** The files of a running daemon. */
export interface DaemonFiles {
  readonly locks: readonly StateLock[];
  readonly socket: DaemonSocket;
  readonly pidFile: PidFile;
  readonly releaseNotes: ReleaseNotes;
}

/**
 * Restores the files of the daemon that were removed: its state directory with all leases, its
 * socket and its pid file. Also releases the leases for which plugins have left release notes
 * because they did not reach the daemon.
 */
export class FileCheck {
  readonly #files: DaemonFiles;
  readonly #daemon: Pick<Daemon, "storeLeases" | "releaseNoted">;
  readonly #log: Log;
  /** Why a file cannot be restored, by path. */
  readonly #problems = new Map<string, string>();

  constructor(
    files: DaemonFiles,
    { daemon, log }: {
      readonly daemon: Pick<Daemon, "storeLeases" | "releaseNoted">;
      readonly log: Log;
    },
  ) {
    this.#files = files;
    this.#daemon = daemon;
    this.#log = log;
  }

  /** Checks all files once. Resolves when the leases with release notes are released. */
  async run(): Promise<void> {
    const { locks, socket, pidFile, releaseNotes } = this.#files;
    for (const lock of locks) {
      const isRestored = this.#restore(lock.directory, () => lock.restore());
      if (isRestored) this.#daemon.storeLeases();
    }
    this.#restore(socket.path, () => socket.restore());
    this.#restore(pidFile.path, () => pidFile.restore());
    let released: Promise<void> | undefined;
    this.#attempt(`${releaseNotes.directory}/*.release`, () => {
      if (releaseNotes.hasChanged()) released = this.#daemon.releaseNoted();
    });
    await released;
  }

  /** @returns Whether the file was gone, and is there again. */
  #restore(path: string, restore: () => boolean): boolean {
    let isRestored = false;
    this.#attempt(path, () => isRestored = restore());
    if (isRestored) this.#log("warn", "file-restored", { path });
    return isRestored;
  }

  /** Runs `body`; logs why it fails, once for each reason. */
  #attempt(path: string, body: () => void): void {
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
