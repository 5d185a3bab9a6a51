/**
 * Repairs what a command left behind that was killed, or stopped by a crash of the machine.
 *
 * @module
 */

import { lstat, removeFile } from "../../sys/files.ts";
import { ownerKey } from "../reservation_format.ts";
import type { ReservationTable } from "../reservation_table.ts";
import {
  type DirectoryScan,
  type NetworkDirectory,
  readOwner,
} from "./network_directory.ts";
import { FILE_NAME } from "../file_name.ts";

/**
 * Undoes an ADD that never answered, and removes empty reservation files and a temporary cursor.
 *
 * The lock must be held: it proves that the ADD is over.
 *
 * @param scan What the directory holds; reservations that are undone are removed from its table.
 * @param options `isExposed`: whether another user could have written the marker of the ADD. Its
 *   reservations then stay until a DEL.
 * @throws {SystemError} if something cannot be removed.
 */
export function recover(
  directory: NetworkDirectory,
  { table, blank, own }: DirectoryScan,
  { isExposed }: { readonly isExposed: boolean },
): void {
  if (own.has(FILE_NAME.pending)) {
    if (!isExposed) undoPending(directory, table);
    removeFile(directory.join(FILE_NAME.pending));
  }
  for (const address of blank) removeFile(directory.pathOf(address));
  if (own.has(FILE_NAME.cursor)) removeFile(directory.join(FILE_NAME.cursor));
}

function undoPending(
  directory: NetworkDirectory,
  table: ReservationTable,
): void {
  const pending = directory.join(FILE_NAME.pending);
  const info = lstat(pending);
  if (info?.isFile !== true) return;
  const owner = ownerKey(readOwner(pending));
  for (const address of owner === "" ? [] : [...table.addressesOf(owner)]) {
    const path = directory.pathOf(address);
    // The same container may hold older addresses; only links of this very file belong to the ADD.
    if (lstat(path)?.ino !== info.ino) continue;
    removeFile(path);
    table.remove(address);
  }
}
