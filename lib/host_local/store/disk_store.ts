/**
 * Reservations in files, as upstream keeps them: the {@link ReservationStore} of the plugin.
 *
 * @module
 */

import type { Log } from "../../base/log_line.ts";
import type { ContainerInterface } from "../../cni/attachment.ts";
import type { IpAddress } from "../../net/ip_address.ts";
import { nowMs } from "../../sys/clock.ts";
import { BLOCKING_SYNC, type DiskSync } from "../../sys/disk_sync.ts";
import { attempt, isNotFound, removeFile } from "../../sys/files.ts";
import type { AddPlan, Reservations } from "../add_plan.ts";
import type {
  PendingReservations,
  Reservation,
  ReservationStore,
} from "../ports.ts";
import { formatOwner, ownerKey, parseOwner } from "../reservation_format.ts";
import type { AddressPreferences } from "../address_preferences.ts";
import { bestEffort } from "./best_effort.ts";
import { EarlierBoot } from "./earlier_boot.ts";
import type { HistoryFile } from "./history_file.ts";
import { compareByName, IndexedReservations } from "./indexed_reservations.ts";
import {
  type NetworkDirectory,
  readOwner,
  type StoredReservation,
} from "./network_directory.ts";
import type { HeldLock } from "./network_lock.ts";
import { writeReservations } from "./write_reservations.ts";
import { FILE_NAME } from "../file_name.ts";

/** What a store is opened with. */
export interface DiskStoreOptions {
  readonly directory: NetworkDirectory;
  /** Released with the store. A command that only reads has none if there is no lock file. */
  readonly lock: HeldLock | undefined;
  /** Whether to repair what is broken and keep an index: not for commands that only read. */
  readonly repair: boolean;
  readonly log: Log;
  /**
   * Whether other users can change the files of the directory. What only this plugin writes, the
   * index and the markers of an ADD, is then not believed. Default: false.
   */
  readonly isExposed?: boolean;
  /** What is remembered about addresses; not believed if other users can change it. */
  readonly history?: HistoryFile | undefined;
  /** Above how many reservations there is an index. */
  readonly indexThreshold?: number;
  /** Default: blocks this process. */
  readonly sync?: DiskSync | undefined;
}

/** The reservations of one network under its lock. */
export class DiskStore implements ReservationStore {
  readonly #directory: NetworkDirectory;
  readonly #lock: HeldLock | undefined;
  readonly #log: Log;
  readonly #isExposed: boolean;
  readonly #sync: DiskSync;
  readonly #reservations: IndexedReservations;
  /** Undefined if other users could change it. */
  readonly #earlierBoot: EarlierBoot | undefined;
  /** Undefined if nothing is remembered, or other users could change it. */
  readonly #history: HistoryFile | undefined;
  /** Whether files have been removed that must not return. */
  #isChanged = false;

  constructor(
    {
      directory,
      lock,
      log,
      isExposed = false,
      history,
      sync = BLOCKING_SYNC,
      ...options
    }: DiskStoreOptions,
  ) {
    this.#directory = directory;
    this.#lock = lock;
    this.#log = log;
    this.#isExposed = isExposed;
    this.#sync = sync;
    this.#earlierBoot = isExposed
      ? undefined
      : new EarlierBoot(directory, { lock: lock?.file, log });
    this.#history = isExposed ? undefined : history;
    const isLocked = lock !== undefined;
    this.#reservations = new IndexedReservations(directory, {
      isLocked,
      isExposed,
      log,
      ...options,
    });
  }

  /**
   * Reads what every command has to read, and lets the other calls of this process run meanwhile.
   */
  async readInTurns(): Promise<void> {
    await this.#reservations.readFilesInTurns();
  }

  [Symbol.dispose](): void {
    using _lock = this.#lock;
    this.#reservations[Symbol.dispose]();
  }

  async unlockAndSync(): Promise<void> {
    this[Symbol.dispose]();
    if (!this.#isChanged) return;
    try {
      await this.#sync.directory(this.#directory.path);
    } catch (error) {
      // If the directory was removed meanwhile, so were its reservations.
      if (!isNotFound(error)) throw error;
    }
  }

  find(address: IpAddress): Reservation | undefined {
    const stored = this.#directory.find(address);
    return stored && this.#complete(stored);
  }

  #complete(stored: StoredReservation): Reservation {
    const { address, reservedAtMs } = stored;
    const fromEarlierBoot = this.#isFromEarlierBoot(address, reservedAtMs);
    return { ...stored, fromEarlierBoot };
  }

  #isFromEarlierBoot(
    address: IpAddress,
    reservedAtMs = this.#directory.reservedAtMs(address),
  ): boolean {
    return reservedAtMs !== undefined &&
      this.#earlierBoot?.includes(address, reservedAtMs) === true;
  }

  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    return this.#reservations.firstFree(from, last);
  }

  heldBy(attachment: ContainerInterface): readonly IpAddress[] {
    const own = this.#reservations.addressesOf(formatOwner(attachment));
    return own.length > 0
      ? own
      : this.#reservations.addressesOf(attachment.containerId);
  }

  preferencesOf(
    attachment: ContainerInterface | undefined,
  ): AddressPreferences | undefined {
    return this.#history?.preferencesOf(attachment);
  }

  reservationsOf(attachment: ContainerInterface): Reservations {
    const addresses = [formatOwner(attachment), attachment.containerId]
      .flatMap((owner) => this.#reservations.addressesOf(owner))
      .toSorted(compareByName);
    // Known only now: either the index answered, or the files have been read.
    const isUnanswered = this.#wasLeftUnanswered(attachment);
    const held = addresses.map((address) => ({
      address,
      reusable: isUnanswered || this.#isFromEarlierBoot(address),
    }));
    return {
      held,
      cursor: (index) => this.#readCursor(index),
      firstFree: (from, last) => this.firstFree(from, last),
    };
  }

  /**
   * Returns whether the last ADD of the attachment reserved addresses and ended before it could
   * answer.
   */
  #wasLeftUnanswered(attachment: ContainerInterface): boolean {
    const { scan } = this.#reservations;
    if (this.#isExposed || !scan?.own.has(FILE_NAME.answered)) return false;
    const path = this.#directory.join(FILE_NAME.answered);
    const owner = ownerKey(readOwner(path));
    return owner === formatOwner(attachment);
  }

  #readCursor(index: number): IpAddress | undefined {
    let cursor: IpAddress | undefined;
    bestEffort(this.#log, "cursor-unreadable", () => {
      cursor = this.#directory.readCursor(index);
    });
    return cursor;
  }

  reserve(
    attachment: ContainerInterface,
    { choices }: AddPlan,
  ): PendingReservations {
    this.#earlierBoot?.record(() => this.#reservations.readFiles().table);
    this.#reservations.beginChange();
    const written = writeReservations(this.#directory, {
      content: formatOwner(attachment),
      reservations: choices.flatMap(({ address, reused }, setIndex) =>
        reused ? [] : [{ address, setIndex }]
      ),
      log: this.#log,
      sync: this.#sync,
    });
    return {
      synced: () => written.synced(),
      keep: () => {
        written.keep();
        this.#settle(attachment, choices);
      },
      [Symbol.dispose]: () => written[Symbol.dispose](),
    };
  }

  /** Does what an ADD leaves for after its answer. Nothing here can fail the ADD. */
  #settle(attachment: ContainerInterface, choices: AddPlan["choices"]): void {
    const replaced = choices.flatMap((choice) => choice.replaced);
    this.#history?.recordAdd(attachment, choices);
    bestEffort(this.#log, "reservation-not-updated", () => {
      for (const { address, reused } of choices) {
        if (reused) this.#setReservedNow(address);
      }
      for (const address of replaced) {
        removeFile(this.#directory.pathOf(address));
      }
    });
    const isMarkerRemoved = bestEffort(
      this.#log,
      "marker-not-removed",
      () => removeFile(this.#directory.join(FILE_NAME.answered)),
    );
    // With a current index, the next command would not read the files and miss the marker.
    if (!isMarkerRemoved) return;
    this.#reservations.save({
      removed: replaced,
      inserted: choices.flatMap(({ address, reused }) =>
        reused ? [] : [[address, formatOwner(attachment)]]
      ),
    });
  }

  #setReservedNow(address: IpAddress): void {
    const path = this.#directory.pathOf(address);
    const now = new Date(nowMs());
    attempt("utime", path, () => Deno.utimeSync(path, now, now));
  }

  release(attachment: ContainerInterface): void {
    this.#remove(this.heldBy(attachment));
  }

  releaseUnless(keep: (reservation: Reservation) => boolean): void {
    const { table } = this.#reservations.readFiles();
    const unkept = [...table.entries()].filter(([address, owner]) => {
      if (owner === "") return false;
      const stored = this.#directory.find(address, parseOwner(owner));
      return stored !== undefined && !keep(this.#complete(stored));
    });
    this.#remove(unkept.map(([address]) => address));
  }

  reclaim(reservations: readonly Reservation[]): void {
    this.#remove(reservations.map(({ address }) => address), true);
  }

  get isExposed(): boolean {
    return this.#isExposed;
  }

  #remove(addresses: readonly IpAddress[], isPartOfAdd = false): void {
    const { scan } = this.#reservations;
    // According to the index there is nothing to do, and the index stays current.
    if (addresses.length === 0 && scan === undefined) return;
    this.#reservations.beginChange();
    this.#history?.recordReleases(addresses);
    const removed: IpAddress[] = [];
    // What could not be read may be among what was to be released.
    const failures: unknown[] = [...scan?.unreadable ?? []];
    for (const address of addresses) {
      try {
        removeFile(this.#directory.pathOf(address));
        removed.push(address);
      } catch (error) {
        failures.push(error);
      }
    }
    // An ADD whose answer never arrived is over once another command comes.
    if (!isPartOfAdd && scan?.own.has(FILE_NAME.answered)) {
      removeFile(this.#directory.join(FILE_NAME.answered));
    }
    this.#isChanged ||= removed.length > 0;
    this.#reservations.save({ removed, inserted: [] });
    if (failures.length > 0) throw failures[0];
  }
}
