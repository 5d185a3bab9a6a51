/** The files of one network: how each of them is read and written. @module */

import { SystemError } from "../../base/errors.ts";
import {
  formatIpAddress,
  type IpAddress,
  parseIpAddress,
} from "../../net/ip_address.ts";
import {
  appendToFile,
  createFile,
  createOpenFile,
  lstat,
  lstatOwn,
  overwriteFile,
  removeFile,
  renameFile,
} from "../../sys/files.ts";
import { takeSteps } from "../../sys/steps.ts";
import { OversizeError, readSmallFile } from "../../sys/small_file.ts";
import { FILE_NAME } from "../file_name.ts";
import type { Reservation } from "../ports.ts";
import {
  cursorName,
  type Owner,
  ownerKey,
  parseOwner,
  parseReservationName,
} from "../reservation_format.ts";
import { ReservationTable } from "../reservation_table.ts";

const FILE_MODE = 0o600;
/**
 * Neither a reservation nor a cursor is longer: the kernel limits CNI_CONTAINERID to 128 KiB
 * (execve(2)).
 */
export const MAX_FILE_BYTES = 128 * 1024;
/** The record of 300,000 reservations or more. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** Far more than `MAX_REMEMBERED` lines. */
export const MAX_HISTORY_BYTES: number = 16 * 1024 * 1024;

/** What the files of a network said when all of them were read. */
export interface DirectoryScan {
  /** Every address that is taken. The key of the owner is empty if no DEL may release it. */
  readonly table: ReservationTable;
  /** Addresses whose file is empty: they are free, but their names are in the way. */
  readonly blank: readonly IpAddress[];
  /** Why some files could not be read. Their addresses count as taken. */
  readonly unreadable: readonly SystemError[];
  /** Which of {@link FILE_NAME} are there, as regular files. */
  readonly own: ReadonlySet<string>;
}

/** What the file of a reservation says. */
export type StoredReservation = Omit<Reservation, "fromEarlierBoot">;

/** The directory of one network. A command makes its own, under the lock of the network. */
export class NetworkDirectory {
  /** The texts of cursors that have been read: an ADD needs them to choose, and to undo. */
  readonly #cursorTexts = new Map<number, string | undefined>();

  constructor(readonly path: string) {}

  /** Returns the path of the file `name`. */
  join(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Returns the path of the reservation of `address`. */
  pathOf(address: IpAddress): string {
    return this.join(formatIpAddress(address));
  }

  /** Reads every file once. Throws Deno's own errors if the directory cannot be listed. */
  scan(): DirectoryScan {
    return takeSteps(this.scanSteps());
  }

  /** As {@link scan}, a step for each file. */
  *scanSteps(): Generator<void, DirectoryScan> {
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
      yield;
    }
    return { table, blank, unreadable, own };
  }

  /** Returns the key of the owner; undefined if the file is empty. */
  #readOwner(
    address: IpAddress,
    unreadable: SystemError[],
  ): string | undefined {
    try {
      const owner = readOwner(this.pathOf(address));
      return owner.kind === "none" ? undefined : ownerKey(owner);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      unreadable.push(error);
      return "";
    }
  }

  /**
   * Returns whether there is a file, or anything else, under the name of `address`.
   *
   * @throws {SystemError} if the file system does not say.
   */
  has(address: IpAddress): boolean {
    return lstat(this.pathOf(address)) !== undefined;
  }

  /**
   * Returns when `address` was reserved, in milliseconds since 1970; undefined if there is no
   * reservation.
   *
   * @throws {SystemError} if the file system does not say.
   */
  reservedAtMs(address: IpAddress): number | undefined {
    return lstat(this.pathOf(address))?.mtime?.getTime();
  }

  /**
   * Returns the reservation of `address`, or undefined if there is none.
   *
   * @param known The owner, if the file has been read already.
   * @throws {SystemError} if it cannot be read.
   */
  find(address: IpAddress, known?: Owner): StoredReservation | undefined {
    const location = this.pathOf(address);
    const info = lstat(location);
    if (info === undefined) return undefined;
    const owner = known ??
      (info.isFile ? readOwner(location) : { kind: "unknown" });
    return {
      address,
      owner,
      reservedAtMs: info.mtime?.getTime() ?? 0,
      location,
    };
  }

  /**
   * Reads the text of the cursor of range set `index`; undefined if there is no such regular file,
   * or it is too long to be a cursor.
   *
   * @throws {SystemError} if it cannot be read.
   */
  readCursorText(index: number): string | undefined {
    if (this.#cursorTexts.has(index)) return this.#cursorTexts.get(index);
    const text = this.#readText(cursorName(index), MAX_FILE_BYTES);
    this.#cursorTexts.set(index, text);
    return text;
  }

  #readText(name: string, maxBytes: number): string | undefined {
    const path = this.join(name);
    return lstat(path)?.isFile
      ? readUnlessTooLong(path, { maxBytes, missing: undefined })
      : undefined;
  }

  /**
   * Reads the cursor of range set `index`; undefined if there is none, or its text is not an
   * address.
   *
   * @throws {SystemError} if it cannot be read.
   */
  readCursor(index: number): IpAddress | undefined {
    return parseIpAddress(this.readCursorText(index) ?? "");
  }

  /**
   * Writes the cursor of range set `index`, or removes it if `text` is undefined. If this process
   * is killed meanwhile, the cursor has the old text or the new, or is missing. After a crash of
   * the machine it can be empty, which counts as missing, or name another address.
   *
   * @throws {SystemError} if it cannot be written, or is not a regular file.
   */
  writeCursorText(index: number, text: string | undefined): void {
    this.#cursorTexts.delete(index);
    const name = cursorName(index);
    if (text === undefined || !this.#overwrite(name, text)) {
      this.#writeText(name, text);
    }
  }

  /**
   * Overwrites a file, with one write(2), if nothing of the old text remains after the new one.
   *
   * @returns False if there is no such file, or it has another name as well.
   */
  #overwrite(name: string, text: string): boolean {
    const path = this.join(name);
    const existing = lstatOwn(path);
    if (existing?.nlink !== 1 || existing.size > text.length) return false;
    overwriteFile(path, text);
    return true;
  }

  #writeText(name: string, text: string | undefined): void {
    const path = this.join(name);
    const existing = lstatOwn(path);
    const mode = (existing?.mode ?? FILE_MODE) & 0o777;
    if (text === undefined) return removeFile(path);
    const temporary = this.join(FILE_NAME.cursor);
    if (lstatOwn(temporary) !== undefined) removeFile(temporary);
    createFile(temporary, text, { mode, isDurable: false });
    // To rename it over a file, ext4 would write the new one to the disk first (auto_da_alloc in
    // ext4(5)), which takes longer than the rest of an ADD if the disk is busy.
    if (existing !== undefined) removeFile(path);
    renameFile(temporary, path);
  }

  /**
   * Reads the record of reservations from before the last boot; undefined if there is no such
   * regular file, or it is too long.
   *
   * @throws {SystemError} if it cannot be read.
   */
  readEarlierBoot(): string | undefined {
    return this.#readText(FILE_NAME.earlierBoot, MAX_RECORD_BYTES);
  }

  /**
   * Writes the record of reservations from before the last boot, or removes it if `text` is
   * undefined. After a crash of the machine the record is that of another boot, and is not read.
   *
   * @throws {SystemError} if it cannot be written, or is not a regular file.
   */
  writeEarlierBoot(text: string | undefined): void {
    this.#writeText(FILE_NAME.earlierBoot, text);
  }

  /**
   * Reads what is remembered about addresses; empty if there is no such regular file, undefined if
   * it is too long.
   *
   * @throws {SystemError} if it cannot be read.
   */
  readHistory(): string | undefined {
    const path = this.join(FILE_NAME.history);
    return lstat(path)?.isFile
      ? readUnlessTooLong(path, { maxBytes: MAX_HISTORY_BYTES, missing: "" })
      : "";
  }

  /**
   * Appends to what is remembered about addresses.
   *
   * @throws {SystemError} if it cannot be written, or is not a regular file.
   */
  appendHistory(text: string): void {
    const path = this.join(FILE_NAME.history);
    lstatOwn(path);
    appendToFile(path, text, FILE_MODE);
  }

  /**
   * Replaces what is remembered about addresses. If this process is killed meanwhile, or the
   * machine crashes, it is the old or the new text.
   *
   * @throws {SystemError} if it cannot be written, or is not a regular file.
   */
  replaceHistory(text: string): void {
    const path = this.join(FILE_NAME.history);
    lstatOwn(path);
    const temporary = this.join(FILE_NAME.cursor);
    if (lstatOwn(temporary) !== undefined) removeFile(temporary);
    createFile(temporary, text, { mode: FILE_MODE, isDurable: true });
    renameFile(temporary, path);
  }

  /**
   * Creates the file that the reservations of an ADD become links of. Its content may not be on the
   * disk yet.
   *
   * @throws {SystemError} if it cannot be written, or exists.
   */
  createPending(content: string): Deno.FsFile {
    const path = this.join(FILE_NAME.pending);
    try {
      return createOpenFile(path, content, FILE_MODE);
    } catch (error) {
      lstatOwn(path); // Says what is there, if another program made it.
      throw error;
    }
  }
}

/**
 * Reads the owner in the file at `path`: none if the file is missing or empty, unknown if it is
 * too long.
 *
 * @throws {SystemError} if it cannot be read.
 */
export function readOwner(path: string): Owner {
  const content = readUnlessTooLong(path, {
    maxBytes: MAX_FILE_BYTES,
    missing: "",
  });
  return content === undefined ? { kind: "unknown" } : parseOwner(content);
}

/** Reads a file of this directory. Returns undefined if it is too long, `missing` if it is gone. */
function readUnlessTooLong<T>(
  path: string,
  { maxBytes, missing }: { readonly maxBytes: number; readonly missing: T },
): string | T | undefined {
  try {
    return readSmallFile(path, maxBytes) ?? missing;
  } catch (error) {
    if (error instanceof OversizeError) return undefined;
    throw error;
  }
}
