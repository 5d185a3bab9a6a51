/** Reservations in files, as upstream keeps them: the {@link ReservationStore} of the real plugin. @module */

import { formatIpAddress, type IpAddress } from "../net/ip_address.ts";
import type { AddPlan, Reservations } from "../host_local/plan.ts";
import {
  type Attachment,
  formatOwner,
  ownerKey,
  parseOwner,
} from "../host_local/reservation.ts";
import type { ReservationLookup } from "../host_local/reservation_table.ts";
import type { Reservation, ReservationStore } from "../host_local/store.ts";
import { NameTakenError, reserve, rollBack } from "./add_transaction.ts";
import { nowMs } from "./clock.ts";
import {
  attempt,
  readSmallFile,
  removeFile,
  removeQuietly,
  syncDirectory,
} from "./files.ts";
import {
  type DirectoryScan,
  FILE_NAME,
  type NetworkDirectory,
} from "./network_directory.ts";
import {
  isIndexCurrent,
  ReservationIndex,
  stampIndex,
} from "./reservation_index.ts";

/** Up to this many files it is quicker to read them all than to keep an index. */
const INDEX_THRESHOLD = 200;

/** What a store is opened with. */
export interface DiskStoreOptions {
  readonly directory: NetworkDirectory;
  /** Held until the store is closed; undefined where nothing is going to be changed and there is no lock file. */
  readonly lock: Deno.FsFile | undefined;
  /** Whether what is broken may be repaired: not for those who only look. */
  readonly repair: boolean;
  readonly warn: (message: string) => void;
  /** Replaces {@link INDEX_THRESHOLD}, for tests of the index with few files. */
  readonly indexThreshold?: number;
}

function byName(a: IpAddress, b: IpAddress): number {
  return formatIpAddress(a) < formatIpAddress(b) ? -1 : 1;
}

/** The index says something that cannot be relied on. */
class IndexDoubt extends Error {}

/** The reservations of one network under its lock. */
export class DiskStore implements ReservationStore {
  readonly #directory: NetworkDirectory;
  readonly #options: DiskStoreOptions;
  /** Set while the answers come from the index and not from the files themselves. */
  #index: ReservationIndex | undefined;
  /** Set once the files have been read. */
  #scan: DirectoryScan | undefined;

  constructor(options: DiskStoreOptions) {
    this.#directory = options.directory;
    this.#options = options;
    this.#quietly("the index is not used", () => {
      this.#index = ReservationIndex.open(
        this.#indexPath,
        this.#directory.path,
      );
    });
  }

  [Symbol.dispose](): void {
    this.#closeIndex();
    this.#options.lock?.close();
  }

  get #indexPath(): string {
    return this.#directory.join(FILE_NAME.index);
  }

  get #lookup(): ReservationLookup {
    return this.#index ?? this.#read().table;
  }

  /** Does what the command does not depend on; what goes wrong is only said. */
  #quietly(trouble: string, body: () => void): boolean {
    try {
      body();
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.warn(`${this.#directory.path}: ${trouble}: ${reason}`);
      return false;
    }
  }

  #closeIndex(): void {
    const index = this.#index;
    this.#index = undefined;
    this.#quietly("the index cannot be closed", () => index?.close());
  }

  /** Reads all files, if that has not been done, and repairs what a crash has left. */
  #read(): DirectoryScan {
    if (this.#scan !== undefined) return this.#scan;
    this.#closeIndex();
    const scan = attempt(
      "read",
      this.#directory.path,
      () => this.#directory.scan(),
    );
    if (this.#options.repair) {
      rollBack(this.#directory, scan.table);
      for (const address of scan.blank) {
        removeFile(this.#directory.pathOf(address));
      }
    }
    this.#scan = scan;
    return scan;
  }

  /** Runs `body` on what the index says. Where it fails the files decide: it runs again on them. */
  #decide<T>(body: () => T): T {
    if (this.#index === undefined) return body();
    try {
      return body();
    } catch {
      this.#read();
      return body();
    }
  }

  /** The addresses of an owner, in the order of their file names; if they come from the index, compared with the files. */
  #addressesOf(owner: string): readonly IpAddress[] {
    const addresses = this.#lookup.addressesOf(owner).toSorted(byName);
    const isWrong = (address: IpAddress): boolean => {
      const found = this.#directory.find(address);
      return found === undefined || ownerKey(found.owner) !== owner;
    };
    if (this.#index !== undefined && addresses.some(isWrong)) {
      throw new IndexDoubt(owner);
    }
    return addresses;
  }

  heldBy(attachment: Attachment): readonly IpAddress[] {
    return this.#decide(() => {
      const own = this.#addressesOf(formatOwner(attachment));
      const held = own.length > 0
        ? own
        : this.#addressesOf(attachment.containerId);
      if (held.length === 0 && this.#index !== undefined) {
        throw new IndexDoubt(formatOwner(attachment));
      }
      return held;
    });
  }

  find(address: IpAddress): Reservation | undefined {
    return this.#directory.find(address);
  }

  list(): readonly Reservation[] {
    return [...this.#read().table.entries()].flatMap(([address]) =>
      this.find(address) ?? []
    );
  }

  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    return this.#decide(() => this.#lookup.firstFree(from, last));
  }

  /** Whether the last ADD of this attachment reserved addresses and ended before it could say so. */
  #wasLeftUnanswered(attachment: Attachment): boolean {
    if (this.#scan?.own.has(FILE_NAME.answered) !== true) return false;
    const content = readSmallFile(this.#directory.join(FILE_NAME.answered)) ??
      "";
    return ownerKey(parseOwner(content)) === formatOwner(attachment);
  }

  #reservationsFor(attachment: Attachment): Reservations {
    const unanswered = this.#wasLeftUnanswered(attachment);
    const addresses = [formatOwner(attachment), attachment.containerId].flatMap(
      (owner) => this.#addressesOf(owner),
    );
    const held = addresses.toSorted(byName).map((address) => ({
      address,
      reusable: unanswered || this.find(address)?.fromEarlierBoot === true,
    }));
    return {
      held,
      cursor: (index) => this.#readCursor(index),
      firstFree: (from, last) => this.#lookup.firstFree(from, last),
    };
  }

  #readCursor(index: number): IpAddress | undefined {
    let cursor: IpAddress | undefined;
    this.#quietly("Error retrieving last reserved ip", () => {
      cursor = this.#directory.readCursor(index);
    });
    return cursor;
  }

  add(
    attachment: Attachment,
    plan: (reservations: Reservations) => AddPlan,
    answer: (plan: AddPlan) => void,
  ): void {
    const choose = (): AddPlan => plan(this.#reservationsFor(attachment));
    let chosen = this.#decide(choose);
    try {
      this.#reserve(attachment, chosen, answer);
    } catch (error) {
      if (!(error instanceof NameTakenError) || this.#index === undefined) {
        throw error;
      }
      this.#read();
      chosen = choose();
      this.#reserve(attachment, chosen, answer);
    }
    this.#settle(attachment, chosen);
  }

  #reserve(
    attachment: Attachment,
    chosen: AddPlan,
    answer: (plan: AddPlan) => void,
  ): void {
    reserve(this.#directory, {
      content: formatOwner(attachment),
      reservations: chosen.choices.flatMap(({ address, adopted }, setIndex) =>
        adopted ? [] : [{ address, setIndex }]
      ),
      answer: () => answer(chosen),
      warn: (message) =>
        this.#options.warn(`${this.#directory.path}: ${message}`),
    });
  }

  /** What an ADD leaves for after its answer; none of it can take the answer back. */
  #settle(attachment: Attachment, { choices }: AddPlan): void {
    const abandoned = choices.flatMap((choice) => choice.abandoned);
    this.#quietly("old reservations of the container stay", () => {
      const now = new Date(nowMs());
      for (const { address, adopted } of choices) {
        if (adopted) Deno.utimeSync(this.#directory.pathOf(address), now, now);
      }
      for (const address of abandoned) {
        removeFile(this.#directory.pathOf(address));
      }
    });
    this.#quietly(
      "a finished ADD looks unanswered",
      () => removeFile(this.#directory.join(FILE_NAME.answered)),
    );
    this.#save((lookup) => {
      for (const address of abandoned) lookup.remove(address);
      for (const { address, adopted } of choices) {
        if (!adopted) lookup.insert(address, formatOwner(attachment));
      }
    });
  }

  release(attachment: Attachment): void {
    const held = this.heldBy(attachment);
    const [unreadable] = this.#scan?.unreadable ?? [];
    if (held.length === 0 && unreadable !== undefined) throw unreadable;
    this.#remove(held);
  }

  releaseUnless(keep: (reservation: Reservation) => boolean): void {
    const { table } = this.#read();
    const unlisted = [...table.entries()].filter(([address, owner]) => {
      const reservation = owner === "" ? undefined : this.find(address);
      return reservation !== undefined && !keep(reservation);
    });
    this.#remove(unlisted.map(([address]) => address));
  }

  #remove(addresses: readonly IpAddress[]): void {
    const removed: IpAddress[] = [];
    const failures: unknown[] = [];
    for (const address of addresses) {
      try {
        removeFile(this.#directory.pathOf(address));
        removed.push(address);
      } catch (error) {
        failures.push(error);
      }
    }
    // An ADD that was answered by nobody's reading is over once its container goes, or anybody else comes.
    if (this.#scan?.own.has(FILE_NAME.answered)) {
      removeFile(this.#directory.join(FILE_NAME.answered));
    }
    if (removed.length > 0) syncDirectory(this.#directory.path);
    this.#save((lookup) =>
      removed.forEach((address) => lookup.remove(address))
    );
    if (failures.length > 0) throw failures[0];
  }

  /** Brings the index up to the change that the files have seen; makes one, or removes it, where the size asks for that. */
  #save(change: (lookup: ReservationLookup) => void): void {
    const saved = this.#quietly("the index is not kept", () => {
      if (this.#index !== undefined) {
        const index = this.#index;
        index.change(() => change(index));
        this.#closeIndex();
        return stampIndex(this.#indexPath, this.#directory.path);
      }
      const { table, own } = this.#read();
      change(table);
      if (table.size > (this.#options.indexThreshold ?? INDEX_THRESHOLD)) {
        if (isIndexCurrent(this.#indexPath, this.#directory.path)) return;
        ReservationIndex.create(this.#indexPath, table).close();
        stampIndex(this.#indexPath, this.#directory.path);
      } else if (own.has(FILE_NAME.index)) {
        removeFile(this.#indexPath);
      }
    });
    if (!saved) removeQuietly(this.#indexPath);
  }
}
