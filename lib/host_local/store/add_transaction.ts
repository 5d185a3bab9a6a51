/**
 * The reservations of one ADD: all of them or none, whatever happens in between.
 *
 * The addresses are hard links of one file, `.pending`, which is on the disk before the first of them. While it is
 * there the ADD has not answered: whoever finds it under the lock removes the links and then the file. Before the
 * answer it becomes `.answered`: from then on the reservations stay, and if the answer never arrived a repeated ADD
 * gets them again.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import { formatIpAddress, type IpAddress } from "../../net/ip_address.ts";
import { ownerKey, parseOwner } from "../reservation.ts";
import type { ReservationTable } from "../reservation_table.ts";
import {
  lstat,
  lstatOwn,
  readSmallFile,
  removeFile,
  renameFile,
  syncDirectory,
  systemError,
  tryRemoveFile,
} from "../../sys/files.ts";
import { FILE_NAME, type NetworkDirectory } from "./network_directory.ts";

/** An address to reserve. */
export interface NewReservation {
  readonly address: IpAddress;
  /** The range set it comes from, whose cursor moves. */
  readonly setIndex: number;
}

/** A file with the name of an address that was thought to be free. */
export class NameTakenError extends SystemError {
  constructor(path: string, options: ErrorOptions) {
    super(
      `link ${path}: file exists`,
      { advice: "another process made it without taking the lock", ...options },
    );
  }
}

function link(from: string, to: string): void {
  try {
    Deno.linkSync(from, to);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new NameTakenError(to, { cause: error });
    }
    const { message } = systemError("link", to, error);
    const advice = "dataDir must be on a file system with hard links";
    throw new SystemError(message, { advice, cause: error });
  }
}

/** Cursors only spread the addresses; an ADD does not fail for one. */
function moveCursor(
  directory: NetworkDirectory,
  { address, setIndex }: NewReservation,
  warn: (message: string) => void,
): () => void {
  try {
    const before = directory.readCursorText(setIndex);
    directory.writeCursorText(setIndex, formatIpAddress(address));
    return () => directory.writeCursorText(setIndex, before);
  } catch (error) {
    warn(
      `the next ADD may search from an old address: ${
        error instanceof Error ? error.message : error
      }`,
    );
    return () => {};
  }
}

/** Undoes what was done, newest first; false if a step failed. */
function undoAll(steps: readonly (() => void)[]): boolean {
  return steps.toReversed().map((undo) => {
    try {
      undo();
      return true;
    } catch {
      return false;
    }
  }).every(Boolean);
}

/**
 * Reserves `reservations` for the owner whose file content is `content`, and answers.
 *
 * Returns with `.answered` in place, for the caller to remove after what must not be lost with it.
 *
 * @throws {NameTakenError} If an address is taken after all.
 * @throws {SystemError} If anything cannot be written. What `answer` throws passes through. Everything is undone then.
 */
export function reserve(
  directory: NetworkDirectory,
  { content, reservations, answer, warn }: {
    readonly content: string;
    readonly reservations: readonly NewReservation[];
    readonly answer: () => void;
    readonly warn: (message: string) => void;
  },
): void {
  const pending = directory.join(FILE_NAME.pending);
  const answered = directory.join(FILE_NAME.answered);
  lstatOwn(pending);
  lstatOwn(answered);
  directory.createPending(content);
  const done: (() => void)[] = [];
  try {
    for (const { address } of reservations) {
      const path = directory.pathOf(address);
      link(pending, path);
      done.push(() => removeFile(path));
    }
    for (const reservation of reservations) {
      done.push(moveCursor(directory, reservation, warn));
    }
    syncDirectory(directory.path);
    renameFile(pending, answered);
    done.push(() => renameFile(answered, pending));
    answer();
  } catch (error) {
    // If a step of the way back fails, the file stays, and the next call goes the rest of the way.
    if (undoAll(done)) tryRemoveFile(pending);
    throw error;
  }
}

/**
 * Takes back the reservations of an ADD that ended before it answered, as far as there is one.
 *
 * @param table All reservations; those taken back are removed from it.
 * @throws {SystemError} If something cannot be removed.
 */
export function rollBack(
  directory: NetworkDirectory,
  table: ReservationTable,
): void {
  const pending = directory.join(FILE_NAME.pending);
  const info = lstat(pending);
  if (info?.isFile !== true) return;
  const owner = ownerKey(parseOwner(readSmallFile(pending) ?? ""));
  for (const address of owner === "" ? [] : [...table.addressesOf(owner)]) {
    const path = directory.pathOf(address);
    // The same container may hold older addresses; only links of this very file belong to that ADD.
    if (lstat(path)?.ino !== info.ino) continue;
    removeFile(path);
    table.remove(address);
  }
  removeFile(pending);
}
