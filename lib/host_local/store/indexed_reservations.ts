/** Who holds what in a network: out of the index where there is a current one, else out of the files. @module */

import { SystemError } from "../../base/errors.ts";
import { formatIpAddress, type IpAddress } from "../../net/ip_address.ts";
import { ownerKey } from "../reservation.ts";
import type { ReservationLookup } from "../reservation_table.ts";
import { rollBack } from "./add_transaction.ts";
import { attempt, lstatOwn, removeFile } from "../../sys/files.ts";
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

/** What a view is made with. */
export interface ViewOptions {
  /** Held until the store is closed; undefined where nothing is going to be changed and there is no lock file. */
  readonly lock: Deno.FsFile | undefined;
  /** Whether what is broken may be repaired: not for those who only look. */
  readonly repair: boolean;
  readonly warn: (message: string) => void;
  /** Replaces {@link INDEX_THRESHOLD}, for tests of the index with few files. */
  readonly indexThreshold?: number;
}

/** The index says something that cannot be relied on. */
class IndexDoubt extends Error {}

/** Orders addresses as upstream walks their files: by name, byte by byte. */
export function byName(a: IpAddress, b: IpAddress): number {
  return formatIpAddress(a) < formatIpAddress(b) ? -1 : 1;
}

/** The reservations of a directory whose lock is held. */
export class ReservationView {
  readonly #directory: NetworkDirectory;
  readonly #options: ViewOptions;
  /** Set while the answers come from the index and not from the files themselves. */
  #index: ReservationIndex | undefined;
  /** Set once the files have been read. */
  #scan: DirectoryScan | undefined;

  constructor(directory: NetworkDirectory, options: ViewOptions) {
    this.#directory = directory;
    this.#options = options;
    this.quietly("the index is not used", () => {
      this.#index = ReservationIndex.open(this.#indexPath, directory.path);
    });
  }

  get #indexPath(): string {
    return this.#directory.join(FILE_NAME.index);
  }

  get #lookup(): ReservationLookup {
    return this.#index ?? this.read().table;
  }

  /** Whether the index is what answers. */
  get isIndexed(): boolean {
    return this.#index !== undefined;
  }

  /** What the files said, if they have been read. */
  get scan(): DirectoryScan | undefined {
    return this.#scan;
  }

  /** Does what the command does not depend on; what goes wrong is only said. */
  quietly(trouble: string, body: () => void): boolean {
    try {
      body();
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.warn(`${this.#directory.path}: ${trouble}: ${reason}`);
      return false;
    }
  }

  /** Closes the index. */
  close(): void {
    const index = this.#index;
    this.#index = undefined;
    this.quietly("the index cannot be closed", () => index?.close());
  }

  /**
   * Reads all files, if that has not been done, and repairs what a crash has left. From then on the files answer.
   *
   * @throws {SystemError} If the directory cannot be read, or what is broken cannot be removed.
   */
  read(): DirectoryScan {
    if (this.#scan !== undefined) return this.#scan;
    this.close();
    const { path } = this.#directory;
    const scan = attempt("read", path, () => this.#directory.scan());
    // A directory that cannot be read to its end looks like a shorter one; the lock at least is there.
    if (this.#options.lock !== undefined && !scan.own.has(FILE_NAME.lock)) {
      throw new SystemError(`read ${path}: the list of files is incomplete`);
    }
    for (const { message } of scan.unreadable) {
      this.#options.warn(`${message}; the address counts as taken`);
    }
    if (this.#options.repair) {
      rollBack(this.#directory, scan.table);
      for (const address of scan.blank) {
        removeFile(this.#directory.pathOf(address));
      }
      if (scan.own.has(FILE_NAME.cursor)) {
        removeFile(this.#directory.join(FILE_NAME.cursor));
      }
    }
    this.#scan = scan;
    return scan;
  }

  /** Runs `body` on what the index says. Where it fails the files decide: it runs again on them. */
  decide<T>(body: () => T): T {
    if (this.#index === undefined) return body();
    try {
      return body();
    } catch {
      this.read();
      return body();
    }
  }

  /** Refuses to say "nothing" out of the index; for use inside {@link decide}. */
  doubtNothing<T>(found: readonly T[]): readonly T[] {
    if (found.length > 0 || this.#index === undefined) return found;
    throw new IndexDoubt("nothing found");
  }

  /**
   * The addresses of an owner, in the order of their file names; if they come from the index, compared with the files.
   * For use inside {@link decide}.
   */
  addressesOf(owner: string): readonly IpAddress[] {
    const addresses = this.#lookup.addressesOf(owner).toSorted(byName);
    const isWrong = (address: IpAddress): boolean => {
      const found = this.#directory.find(address);
      return found === undefined || ownerKey(found.owner) !== owner;
    };
    if (this.#index !== undefined && addresses.some(isWrong)) {
      throw new IndexDoubt(`wrong about ${owner}`);
    }
    return addresses;
  }

  /** As `FreeAddresses` has it; for use inside {@link decide}. */
  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    return this.#lookup.firstFree(from, last);
  }

  /** Follows a change that the files have seen; makes an index, or removes it, where the size asks for that. */
  save(change: (lookup: ReservationLookup) => void): void {
    const saved = this.quietly("the index is not kept", () => {
      if (this.#index !== undefined) this.#saveIndex(this.#index, change);
      else this.#saveTable(change);
    });
    if (saved) return;
    this.quietly("the index stays", () => {
      if (lstatOwn(this.#indexPath) !== undefined) removeFile(this.#indexPath);
    });
  }

  #saveIndex(
    index: ReservationIndex,
    change: (lookup: ReservationLookup) => void,
  ): void {
    index.change(() => change(index));
    this.close();
    stampIndex(this.#indexPath, this.#directory.path);
  }

  #saveTable(change: (lookup: ReservationLookup) => void): void {
    const { table, own } = this.read();
    const { path } = this.#directory;
    change(table);
    if (table.size <= (this.#options.indexThreshold ?? INDEX_THRESHOLD)) {
      if (own.has(FILE_NAME.index)) removeFile(this.#indexPath);
    } else if (!isIndexCurrent(this.#indexPath, path)) {
      ReservationIndex.create(this.#indexPath, table).close();
      stampIndex(this.#indexPath, path);
    }
  }
}
