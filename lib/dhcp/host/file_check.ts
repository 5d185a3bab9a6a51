/** Regular checks of the daemon's files, which other programs might remove. @module */

import type { Log } from "../../base/log_line.ts";
import type { Daemon } from "../daemon/daemon.ts";
import type { DaemonSocket } from "./daemon_socket.ts";
import { FileCheck, type RestorableFile } from "../../sys/file_check.ts";
import type { PidFile } from "../../sys/pid_file.ts";
import type { ReleaseNotes } from "./release_notes.ts";
import type { StateLock } from "./state_lock.ts";

/** The files of a running daemon. */
export interface DaemonFiles {
  readonly locks: readonly StateLock[];
  readonly socket: DaemonSocket;
  readonly pidFile: PidFile;
  readonly releaseNotes: ReleaseNotes;
  /** The socket of the metrics, if they are served. */
  readonly metrics: RestorableFile | undefined;
}

/**
 * Restores the files of the daemon that were removed: its state directory with all leases, its
 * socket and its pid file. Also releases the leases for which plugins have left release notes
 * because they did not reach the daemon.
 */
export class DaemonFileCheck {
  readonly #files: DaemonFiles;
  readonly #daemon: Pick<Daemon, "storeLeases" | "releaseNoted">;
  readonly #check: FileCheck;

  constructor(
    files: DaemonFiles,
    { daemon, log }: {
      readonly daemon: Pick<Daemon, "storeLeases" | "releaseNoted">;
      readonly log: Log;
    },
  ) {
    this.#files = files;
    this.#daemon = daemon;
    const { socket, pidFile, metrics } = files;
    this.#check = new FileCheck([
      socket,
      pidFile,
      ...(metrics === undefined ? [] : [metrics]),
    ], log);
  }

  /** Checks all files once. Resolves when the leases with release notes are released. */
  async run(): Promise<void> {
    const { locks, releaseNotes } = this.#files;
    for (const lock of locks) {
      const isRestored = this.#check.restore({
        path: lock.directory,
        restore: () => lock.restore(),
      });
      if (isRestored) this.#daemon.storeLeases();
    }
    this.#check.run();
    let released: Promise<void> | undefined;
    this.#check.attempt(`${releaseNotes.directory}/*.release`, () => {
      if (releaseNotes.hasChanged()) released = this.#daemon.releaseNoted();
    });
    await released;
  }
}
