/**
 * Who holds what in a network: from the index if it is current, otherwise from the files.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import { formatIpAddress, type IpAddress } from "../../net/ip_address.ts";
import { attempt, lstatOwn, removeFile, systemError } from "../../sys/files.ts";
import { takeStepsInTurns } from "../../sys/steps.ts";
import type {
  ReservationLookup,
  ReservationTable,
} from "../reservation_table.ts";
import { bestEffort } from "./best_effort.ts";
import { CheckedIndex } from "./checked_index.ts";
import {
  type DirectoryScan,
  type NetworkDirectory,
} from "./network_directory.ts";
import { recover } from "./recover.ts";
import {
  type IndexChange,
  IndexDoubt,
  ReservationIndex,
  stampIndex,
} from "./reservation_index.ts";
import { FILE_NAME } from "../file_name.ts";

/** Up to this many reservations it is faster to read them all than to keep an index. */
const INDEX_THRESHOLD = 200;

/** How the reservations of a directory are read. */
export interface IndexedReservationsOptions {
  /** Whether there is a lock, and so a lock file. */
  readonly isLocked: boolean;
  /** Whether to repair what is broken and keep an index: not for commands that only read. */
  readonly repair: boolean;
  readonly log: Log;
  /** Whether other users can change the files, so that there is no index. */
  readonly isExposed: boolean;
  /** Replaces {@link INDEX_THRESHOLD}, for tests of the index with few files. */
  readonly indexThreshold?: number;
}

/** Compares addresses by their file names, byte by byte: the order in which upstream finds them. */
export function compareByName(a: IpAddress, b: IpAddress): number {
  return formatIpAddress(a) < formatIpAddress(b) ? -1 : 1;
}

/**
 * The reservations of a directory whose lock is held.
 *
 * The index answers until one of its answers is in doubt. Then every file is read, once, and the
 * files answer.
 */
export class IndexedReservations implements Disposable {
  readonly #directory: NetworkDirectory;
  readonly #options: IndexedReservationsOptions;
  /** Set while the index answers. */
  #index: CheckedIndex | undefined;
  /** Set once the files have been read. */
  #scan: DirectoryScan | undefined;
  /** Whether the files have been read and nothing has been changed since. */
  #mustWriteIndex = false;

  constructor(
    directory: NetworkDirectory,
    options: IndexedReservationsOptions,
  ) {
    this.#directory = directory;
    this.#options = options;
    if (options.isExposed) return;
    bestEffort(options.log, "index-ignored", () => this.#openIndex());
  }

  #openIndex(): void {
    const { path } = this.#directory;
    const index = ReservationIndex.open(this.#indexPath, path);
    this.#index = index && new CheckedIndex(index, this.#directory);
  }

  /** Writes the index if the files had to be read, so that the next command need not do so. */
  [Symbol.dispose](): void {
    if (this.#mustWriteIndex) this.save({ removed: [], inserted: [] });
    this.#closeIndex();
  }

  get #indexPath(): string {
    return this.#directory.join(FILE_NAME.index);
  }

  get #source(): ReservationLookup {
    return this.#index ?? this.readFiles().table;
  }

  #closeIndex(): void {
    this.#index?.index[Symbol.dispose]();
    this.#index = undefined;
  }

  /** What the files said, if they have been read. */
  get scan(): DirectoryScan | undefined {
    return this.#scan;
  }

  /**
   * Returns the addresses of an owner, in the order of their file names.
   *
   * @throws {SystemError} if the files have to be read and cannot be.
   */
  addressesOf(owner: string): readonly IpAddress[] {
    try {
      return this.#source.addressesOf(owner).toSorted(compareByName);
    } catch (error) {
      const files = this.#filesInstead(error);
      return files.addressesOf(owner).toSorted(compareByName);
    }
  }

  /**
   * Returns the lowest free address from `from` to `last`, or undefined.
   *
   * @throws {SystemError} if the files have to be read and cannot be.
   */
  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    try {
      return this.#source.firstFree(from, last);
    } catch (error) {
      return this.#filesInstead(error).firstFree(from, last);
    }
  }

  /** Returns the table of the files if `error` is a doubt about the index; throws it otherwise. */
  #filesInstead(error: unknown): ReservationTable {
    if (!(error instanceof IndexDoubt)) throw error;
    this.#options.log("warn", "index-ignored", { reason: error.message });
    this.#scan = undefined;
    return this.readFiles().table;
  }

  /**
   * Reads every file, unless that has been done, and repairs what a crash left behind. From then on
   * the files answer.
   *
   * @throws {SystemError} if the directory cannot be read, or what is broken cannot be removed.
   */
  readFiles(): DirectoryScan {
    if (this.#scan !== undefined) return this.#scan;
    this.#closeIndex();
    const { path } = this.#directory;
    return this.#use(attempt("read", path, () => this.#directory.scan()));
  }

  /**
   * Reads every file and writes the index, unless there is a current one. The other calls of this
   * process have their turns meanwhile: 60,000 files take seconds.
   *
   * @throws {SystemError} as {@link readFiles}.
   */
  async readFilesInTurns(): Promise<void> {
    if (this.#index !== undefined) return;
    const { path } = this.#directory;
    const scanning = takeStepsInTurns(this.#directory.scanSteps());
    const scan = this.#use(
      await scanning.catch((error) => {
        throw systemError("read", path, error);
      }),
    );
    // With an index, the command would not look for the marker.
    const { own } = scan;
    if (!this.#mustWriteIndex || own.has(FILE_NAME.answered)) return;
    if (!this.#isIndexWanted(scan)) return;
    await this.#writeIndexInTurns(scan);
  }

  async #writeIndexInTurns({ table }: DirectoryScan): Promise<void> {
    const path = this.#indexPath;
    try {
      const steps = ReservationIndex.creationSteps(path, table);
      (await takeStepsInTurns(steps))[Symbol.dispose]();
    } catch (error) {
      if (!(error instanceof SystemError || error instanceof IndexDoubt)) {
        throw error;
      }
      return; // It is written again, and the failure logged, when the command ends.
    }
    bestEffort(this.#options.log, "index-not-written", () => {
      stampIndex(path, this.#directory.path);
      this.#openIndex();
      this.#mustWriteIndex = this.#index === undefined;
    });
  }

  /** Checks what the files say, and repairs them. */
  #use(scan: DirectoryScan): DirectoryScan {
    const { log, isLocked, isExposed, repair } = this.#options;
    const { path } = this.#directory;
    // A directory that cannot be read to its end looks like a shorter one. The lock at least is
    // there.
    if (isLocked && !scan.own.has(FILE_NAME.lock)) {
      throw new SystemError(`read ${path}: incomplete list of files`);
    }
    const [unreadable] = scan.unreadable;
    if (unreadable !== undefined) {
      const { message: reason } = unreadable;
      const files = scan.unreadable.length;
      log("warn", "reservation-unreadable", { files, reason });
    }
    if (repair) recover(this.#directory, scan, { isExposed });
    this.#scan = scan;
    this.#mustWriteIndex = repair;
    return scan;
  }

  /**
   * Announces that files are about to change. Unless {@link save} follows, the next command has to
   * read them.
   */
  beginChange(): void {
    this.#mustWriteIndex = false;
  }

  /** Records what has been changed in the files, and makes the index current. */
  save(change: IndexChange): void {
    const { log } = this.#options;
    this.#mustWriteIndex = false;
    const isSaved = bestEffort(log, "index-not-written", () => {
      if (this.#index === undefined) this.#replaceIndex(change);
      else this.#updateIndex(this.#index.index, change);
    });
    if (isSaved) return;
    bestEffort(log, "index-not-removed", () => {
      if (lstatOwn(this.#indexPath) !== undefined) removeFile(this.#indexPath);
    });
  }

  #updateIndex(index: ReservationIndex, change: IndexChange): void {
    index.change(change);
    this.#closeIndex();
    stampIndex(this.#indexPath, this.#directory.path);
  }

  #replaceIndex({ removed, inserted }: IndexChange): void {
    const scan = this.readFiles();
    const { table, own } = scan;
    for (const address of removed) table.remove(address);
    for (const [address, owner] of inserted) table.insert(address, owner);
    if (this.#isIndexWanted(scan)) {
      ReservationIndex.create(this.#indexPath, table)[Symbol.dispose]();
      stampIndex(this.#indexPath, this.#directory.path);
    } else if (own.has(FILE_NAME.index)) removeFile(this.#indexPath);
  }

  #isIndexWanted({ table, unreadable }: DirectoryScan): boolean {
    const { indexThreshold = INDEX_THRESHOLD, isExposed } = this.#options;
    // An index would hide that the owners of some files are unknown.
    return !isExposed && table.size > indexThreshold && unreadable.length === 0;
  }
}
