/**
 * Writes the reservations of one ADD: all of them or none, whatever happens in between.
 *
 * Each address becomes a hard link of one file, `.pending`. While it exists the ADD has not
 * answered: the next command that finds it under the lock removes the links and then the file
 * (recover.ts). Before the answer it is renamed to `.answered`: from then on the reservations stay.
 * If the answer never arrived, the same ADD gets them again when it is repeated.
 *
 * The content of `.pending` is on the disk before the answer. In a process with a single command it
 * is there before the first link is made; in the resident process another thread syncs it while the
 * links are made. Nothing else is synced: a crash of the machine ends the containers, so that a
 * reservation or a cursor may be lost with it. An empty reservation may not remain, because
 * upstream's plugin would never release it.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import type { DiskSync } from "../../sys/disk_sync.ts";
import { formatIpAddress, type IpAddress } from "../../net/ip_address.ts";
import {
  errnoName,
  lstatOwn,
  removeFile,
  renameFile,
  systemError,
  tryRemoveFile,
} from "../../sys/files.ts";
import { bestEffort } from "./best_effort.ts";
import { type NetworkDirectory } from "./network_directory.ts";
import { FILE_NAME } from "../file_name.ts";

/** An address to reserve. */
export interface NewReservation {
  readonly address: IpAddress;
  /** The range set that it was chosen from, whose cursor moves to it. */
  readonly setIndex: number;
}

/**
 * Writes `reservations` for one owner, up to the point where the result may be printed.
 *
 * @param options `content`: what their files hold, as `formatOwner` returns it.
 * @throws {SystemError} if anything cannot be written, or an address is taken after all. Nothing is
 *   reserved then.
 */
export function writeReservations(
  directory: NetworkDirectory,
  { content, reservations, log, sync }: {
    readonly content: string;
    readonly reservations: readonly NewReservation[];
    readonly log: Log;
    readonly sync: DiskSync;
  },
): WrittenReservations {
  lstatOwn(directory.join(FILE_NAME.answered));
  const file = directory.createPending(content);
  const written = new WrittenReservations(directory, log);
  try {
    written.beginSync(file, sync);
    for (const { address } of reservations) written.link(address);
    for (const reservation of reservations) written.moveCursor(reservation);
    written.markAnswered();
  } catch (error) {
    written[Symbol.dispose]();
    throw error;
  }
  return written;
}

/** The reservations of one ADD on disk. Disposing of them undoes them, unless they are kept. */
export class WrittenReservations implements Disposable {
  readonly #directory: NetworkDirectory;
  readonly #log: Log;
  readonly #pending: string;
  readonly #answered: string;
  readonly #undoSteps: (() => void)[] = [];
  #synced: Promise<void> | undefined;
  #isKept = false;

  /** @param directory Where `.pending` has been created. */
  constructor(directory: NetworkDirectory, log: Log) {
    this.#directory = directory;
    this.#log = log;
    this.#pending = directory.join(FILE_NAME.pending);
    this.#answered = directory.join(FILE_NAME.answered);
  }

  /** Makes the reservations final. `.answered` is still there, for the caller to remove. */
  keep(): void {
    this.#isKept = true;
  }

  [Symbol.dispose](): void {
    if (this.#isKept) return;
    const failures = this.#undoSteps.toReversed()
      .filter((undo) => !bestEffort(this.#log, "undo-failed", undo));
    // Otherwise the file stays, and the next command undoes the rest.
    if (failures.length === 0) tryRemoveFile(this.#pending);
  }

  /** Begins to sync `.pending`, and closes it then. */
  beginSync(file: Deno.FsFile, sync: DiskSync): void {
    this.#synced = sync.file(file, this.#pending) ?? undefined;
    // If a link cannot be made, that is what fails the ADD.
    this.#synced?.catch(() => {});
  }

  /** Waits until the owner is on the disk. @throws {SystemError} if the file system refuses. */
  async synced(): Promise<void> {
    await this.#synced;
  }

  /** Reserves an address. */
  link(address: IpAddress): void {
    const path = this.#directory.pathOf(address);
    linkFile(this.#pending, path);
    this.#undoSteps.push(() => removeFile(path));
  }

  /** Moves the cursor of a range set. It only spreads addresses, so no ADD fails because of one. */
  moveCursor({ address, setIndex }: NewReservation): void {
    bestEffort(this.#log, "cursor-not-written", () => {
      const before = this.#directory.readCursorText(setIndex);
      this.#directory.writeCursorText(setIndex, formatIpAddress(address));
      this.#undoSteps.push(() =>
        this.#directory.writeCursorText(setIndex, before)
      );
    });
  }

  /**
   * Passes the point of no return: a command that finds `.answered` leaves the reservations alone.
   */
  markAnswered(): void {
    renameFile(this.#pending, this.#answered);
    this.#undoSteps.push(() => renameFile(this.#answered, this.#pending));
  }
}

const NO_LINKS = "dataDir must be on a file system that supports hard links";

/** What to do about errors of link(2) that do not speak for themselves. */
const LINK_ADVICE: Readonly<Record<string, string>> = {
  EEXIST: "another process created it without taking the lock",
  EPERM: NO_LINKS,
  ENOTSUP: NO_LINKS,
  EXDEV: NO_LINKS,
  ENOSPC:
    "free space or inodes on the file system of dataDir: see df and df -i",
};

function linkFile(from: string, to: string): void {
  try {
    Deno.linkSync(from, to);
  } catch (error) {
    const { message } = systemError("link", to, error);
    const advice = LINK_ADVICE[errnoName(error) ?? ""] ?? "";
    throw new SystemError(message, { advice, cause: error });
  }
}
