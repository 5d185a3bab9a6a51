/**
 * SQLite, loaded on demand: only a large network has an index, and loading takes as long as reading
 * a hundred reservations.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { lstat } from "../../sys/files.ts";

let loaded: typeof import("node:sqlite") | undefined;

/** Loads SQLite if there is a file at `path`. {@link openDatabase} then takes less time. */
export async function prepareDatabase(path: string): Promise<void> {
  if (loaded !== undefined) return;
  try {
    if (lstat(path) === undefined) return;
  } catch {
    return; // What is wrong with the file is reported when it is opened.
  }
  loaded = await import("node:sqlite");
}

/** Opens the database at `path`. Throws SQLite's own errors. */
export function openDatabase(path: string): DatabaseSync {
  // Takes 10 ms longer than an import, because `process` is loaded on demand as well.
  // deno-lint-ignore no-process-global
  loaded ??= process.getBuiltinModule("node:sqlite");
  return new loaded.DatabaseSync(path);
}
