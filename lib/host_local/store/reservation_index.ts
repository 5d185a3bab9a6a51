/**
 * The reservations of a large network in an SQLite file, so that no call has to read all of them.
 *
 * The file is a cache. It counts as up to date only while its modification time is that of the directory: both are set
 * to one value in the past after each change, and whatever else adds or removes a file sets the directory's to the
 * present. What it says about an owner is compared with the file before it is acted on.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  addressBits,
  addressPlus,
  type Family,
  type IpAddress,
  lastValue,
} from "../../net/ip_address.ts";
import type {
  ReservationLookup,
  ReservationTable,
} from "../reservation_table.ts";
import { isFromEarlierBoot, nowMs } from "../../sys/clock.ts";
import { lstat, lstatOwn, removeFile } from "../../sys/files.ts";

/** Older than any time the kernel is going to give the directory, whatever the step of its clock. */
const STAMP_AGE_MS = 3_000;

/** How much older than its last change a stamped file is at least: `ctime` comes in whole seconds. */
const STAMPED_AGE_MS = STAMP_AGE_MS / 2;

const FILE_MODE = 0o600;

/** Durability is not asked for: after a crash of the machine the file is from an earlier boot, and not used. */
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = MEMORY;
  PRAGMA synchronous = OFF;
  PRAGMA temp_store = MEMORY;
  PRAGMA trusted_schema = OFF;
`;

/** A run is a stretch of taken addresses without a gap; runs never touch. */
const SCHEMA = `
  CREATE TABLE reservation (address TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE run (first TEXT PRIMARY KEY, last TEXT NOT NULL) WITHOUT ROWID;
`;

/** Fixed-length text whose order is that of the addresses, families apart. */
function toKey({ family, value }: IpAddress): string {
  return `${family}${
    value.toString(16).padStart(addressBits(family) / 4, "0")
  }`;
}

function fromKey(key: unknown): IpAddress {
  const text = String(key);
  const family: Family = text.startsWith("4") ? 4 : 6;
  return { family, value: BigInt(`0x${text.slice(1)}`) };
}

interface Run {
  readonly first: string;
  readonly last: string;
}

function toRun(row: Record<string, unknown> | undefined): Run | undefined {
  return row && { first: String(row["first"]), last: String(row["last"]) };
}

/** Whether the file at `path` is the index of `directory` as it is now. */
export function isIndexCurrent(path: string, directory: string): boolean {
  const stamp = lstat(path);
  if (stamp?.isFile !== true || stamp.mtime === null) return false;
  const stampMs = stamp.mtime.getTime();
  // A file that a kill left unstamped is as young as its last change, and so, by chance, may be the directory.
  const changedMs = stamp.ctime?.getTime() ?? stampMs;
  if (changedMs - stampMs < STAMPED_AGE_MS) return false;
  return lstat(directory)?.mtime?.getTime() === stampMs &&
    !isFromEarlierBoot(stampMs);
}

/** An open index. What its methods throw means that the file is damaged. */
export class ReservationIndex implements ReservationLookup {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(SETTINGS);
  }

  /** The index at `path`; undefined if there is none, or not one of `directory` as it is now. */
  static open(path: string, directory: string): ReservationIndex | undefined {
    return isIndexCurrent(path, directory)
      ? new ReservationIndex(path)
      : undefined;
  }

  /** A new index of what `table` holds, in place of the one at `path`. */
  static create(path: string, table: ReservationTable): ReservationIndex {
    if (lstatOwn(path) !== undefined) removeFile(path);
    Deno.openSync(path, { write: true, createNew: true, mode: FILE_MODE })
      .close();
    const index = new ReservationIndex(path);
    index.#fill(table);
    return index;
  }

  #fill(table: ReservationTable): void {
    this.#database.exec(`BEGIN; ${SCHEMA}`);
    const rows = [...table.entries()].map(([address, owner]) => ({
      key: toKey(address),
      address,
      owner,
    }))
      .sort((a, b) => a.key < b.key ? -1 : 1);
    const insert = this.#prepare("INSERT INTO reservation VALUES (?, ?)");
    let run: { first: string; next: string; last: string } | undefined;
    for (const { key, address, owner } of rows) {
      insert.run(key, owner);
      if (run?.next !== key) {
        if (run !== undefined) this.#insertRun(run.first, run.last);
        run = { first: key, last: key, next: "" };
      }
      run.last = key;
      run.next = toKey(addressPlus(address, 1n));
    }
    if (run !== undefined) this.#insertRun(run.first, run.last);
    this.#database.exec(
      "CREATE INDEX reservation_owner ON reservation (owner); COMMIT",
    );
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  #insertRun(first: string, last: string): void {
    this.#prepare("INSERT INTO run VALUES (?, ?)").run(first, last);
  }

  #deleteRun({ first }: Run): void {
    this.#prepare("DELETE FROM run WHERE first = ?").run(first);
  }

  /** The run that `key` lies in. */
  #runAround(key: string): Run | undefined {
    const sql =
      "SELECT first, last FROM run WHERE first <= ? ORDER BY first DESC LIMIT 1";
    const run = toRun(this.#prepare(sql).get(key));
    return run !== undefined && run.last >= key ? run : undefined;
  }

  addressesOf(owner: string): readonly IpAddress[] {
    const rows = this.#prepare(
      "SELECT address FROM reservation WHERE owner = ?",
    ).all(owner);
    return rows.map((row) => fromKey(row["address"]));
  }

  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    const run = this.#runAround(toKey(from));
    const first = run === undefined ? from : addressPlus(fromKey(run.last), 1n);
    return first.value <= last.value ? first : undefined;
  }

  insert(address: IpAddress, owner: string): void {
    const key = toKey(address);
    this.#prepare("INSERT INTO reservation VALUES (?, ?)").run(key, owner);
    const before = this.#runAround(toKey(addressPlus(address, -1n)));
    // Behind the last address of a family there is no key, and no run.
    const after = address.value < lastValue(address.family)
      ? this.#runAround(toKey(addressPlus(address, 1n)))
      : undefined;
    if (before !== undefined) this.#deleteRun(before);
    if (after !== undefined) this.#deleteRun(after);
    this.#insertRun(before?.first ?? key, after?.last ?? key);
  }

  remove(address: IpAddress): void {
    const key = toKey(address);
    this.#prepare("DELETE FROM reservation WHERE address = ?").run(key);
    const run = this.#runAround(key);
    if (run === undefined) return;
    this.#deleteRun(run);
    if (run.first < key) {
      this.#insertRun(run.first, toKey(addressPlus(address, -1n)));
    }
    if (key < run.last) {
      this.#insertRun(toKey(addressPlus(address, 1n)), run.last);
    }
  }

  /** Several changes as one. */
  change(body: () => void): void {
    this.#database.exec("BEGIN");
    body();
    this.#database.exec("COMMIT");
  }

  /** Closes the file. */
  close(): void {
    this.#database.close();
  }
}

/** Says that the index at `path` is one of `directory` as it is now. */
export function stampIndex(path: string, directory: string): void {
  const stamp = new Date(nowMs() - STAMP_AGE_MS);
  Deno.utimeSync(path, stamp, stamp);
  Deno.utimeSync(directory, stamp, stamp);
}
