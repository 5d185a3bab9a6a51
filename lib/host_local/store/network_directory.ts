/** The files of one network, each read and written the one way there is. @module */

import { SystemError } from "../../base/errors.ts";
import {
  formatIpAddress,
  type IpAddress,
  parseIpAddress,
} from "../../net/ip_address.ts";
import {
  cursorName,
  ownerKey,
  parseOwner,
  parseReservationName,
} from "../reservation.ts";
import { ReservationTable } from "../reservation_table.ts";
import type { Reservation } from "../reservation_store.ts";
import { isFromEarlierBoot } from "../../sys/clock.ts";
import {
  createFile,
  lstat,
  lstatOwn,
  readSmallFile,
  removeFile,
  renameFile,
} from "../../sys/files.ts";

/** Names beside the reservations. Those with a dot in front are this project's own. */
export const FILE_NAME = {
  lock: "lock",
  /** What an ADD that has not answered yet is made of; see add_transaction.ts. */
  pending: ".pending",
  /** The same once it is answering. */
  answered: ".answered",
  /** A cursor on its way. */
  cursor: ".cursor",
  /** The index of a large network; see reservation_index.ts. */
  index: ".index.db",
} as const;

const FILE_MODE = 0o600;

/** What a look at every file of a network found. */
export interface DirectoryScan {
  /** Every address that is taken; the owner is empty where nobody's DEL may free it. */
  readonly table: ReservationTable;
  /** Addresses whose file is empty: nobody holds them, but their names are in the way. */
  readonly blank: readonly IpAddress[];
  /** Why some files could not be read. */
  readonly unreadable: readonly SystemError[];
  /** Those of {@link FILE_NAME} that are regular files. */
  readonly own: ReadonlySet<string>;
}

/** The directory of one network. */
export class NetworkDirectory {
  constructor(readonly path: string) {}

  /** The path of the file `name`. */
  join(name: string): string {
    return `${this.path}/${name}`;
  }

  /** The path of the reservation of `address`. */
  pathOf(address: IpAddress): string {
    return this.join(formatIpAddress(address));
  }

  /** Reads every file once. */
  scan(): DirectoryScan {
    const table = new ReservationTable();
    const blank: IpAddress[] = [];
    const unreadable: SystemError[] = [];
    const own = new Set<string>();
    const ownNames = new Set<string>(Object.values(FILE_NAME));
    for (const { name, isFile } of Deno.readDirSync(this.path)) {
      if (isFile && ownNames.has(name)) own.add(name);
      const address = parseReservationName(name);
      if (address === undefined) continue;
      const owner = isFile ? this.#readOwner(address, unreadable) : "";
      if (owner === undefined) blank.push(address);
      else table.insert(address, owner);
    }
    return { table, blank, unreadable, own };
  }

  /** The owner's key; undefined if nobody holds the address. */
  #readOwner(
    address: IpAddress,
    unreadable: SystemError[],
  ): string | undefined {
    try {
      return this.ownerOf(address);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      unreadable.push(error);
      return "";
    }
  }

  /** The key of the owner that the file of `address` names; undefined if there is none. The file must be regular. */
  ownerOf(address: IpAddress): string | undefined {
    const content = readSmallFile(this.pathOf(address));
    const owner = parseOwner(content ?? "");
    return owner.kind === "nobody" ? undefined : ownerKey(owner);
  }

  /** The reservation of `address`, if there is one. */
  find(address: IpAddress): Reservation | undefined {
    const location = this.pathOf(address);
    const info = lstat(location);
    if (info === undefined) return undefined;
    const owner = info.isFile
      ? parseOwner(readSmallFile(location) ?? "")
      : { kind: "unknown" } as const;
    const reservedAtMs = info.mtime?.getTime() ?? 0;
    return {
      address,
      owner,
      reservedAtMs,
      fromEarlierBoot: isFromEarlierBoot(reservedAtMs),
      location,
    };
  }

  /** The text of the cursor file of range set `index`; undefined if there is none, or something else in its place. */
  readCursorText(index: number): string | undefined {
    const path = this.join(cursorName(index));
    return lstat(path)?.isFile ? readSmallFile(path) : undefined;
  }

  /** The address in the cursor file, if its whole text is one. */
  readCursor(index: number): IpAddress | undefined {
    return parseIpAddress(this.readCursorText(index) ?? "");
  }

  /** Writes the cursor file of range set `index`, or removes it for an undefined text. */
  writeCursorText(index: number, text: string | undefined): void {
    const path = this.join(cursorName(index));
    if (text === undefined) return removeFile(path);
    const mode = (lstatOwn(path)?.mode ?? FILE_MODE) & 0o777;
    const temporary = this.join(FILE_NAME.cursor);
    if (lstatOwn(temporary) !== undefined) removeFile(temporary);
    createFile(temporary, text, mode);
    renameFile(temporary, path);
  }

  /** Writes the file that the reservations of one ADD are links of. */
  createPending(content: string): void {
    createFile(this.join(FILE_NAME.pending), content, FILE_MODE);
  }
}
