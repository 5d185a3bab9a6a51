/**
 * The reservations of a large network in an SQLite file, so that no command has to read all of
 * them.
 *
 * The file is a cache. It is current only while its modification time equals that of the directory:
 * both are set to the same past time after each change, and whatever else adds or removes a file
 * sets the time of the directory to the present.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  addressBits,
  addressPlus,
  type Family,
  formatIpAddress,
  type IpAddress,
  lastValue,
} from "../../net/ip_address.ts";
import { bootIdSeconds, isFromEarlierBoot, nowMs } from "../../sys/clock.ts";
import { attempt, lstat, lstatOwn, removeFile } from "../../sys/files.ts";
import type {
  ReservationLookup,
  ReservationTable,
} from "../reservation_table.ts";
import { takeSteps } from "../../sys/steps.ts";
import { openDatabase } from "./sqlite.ts";

/** The index is damaged, or contradicts the files: what it says cannot be relied on. */
export class IndexDoubt extends Error {
  override readonly name = "IndexDoubt";
}

/** What a command changes in the index. */
export interface IndexChange {
  readonly removed: readonly IpAddress[];
  /** Addresses with the keys of their owners. */
  readonly inserted: readonly (readonly [IpAddress, string])[];
}

/** Older than any time that the kernel will give the directory, even after a step of its clock. */
const STAMP_AGE_MS = 3_000;

/** A stamped file is at least so much older than its last change; `ctime` has whole seconds. */
const MIN_STAMPED_AGE_MS = STAMP_AGE_MS / 2;

const FILE_MODE = 0o600;

/**
 * The file need not be durable: after a crash of the machine it is from an earlier boot, and not
 * used.
 */
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = MEMORY;
  PRAGMA synchronous = OFF;
  PRAGMA temp_store = MEMORY;
  PRAGMA trusted_schema = OFF;
`;

/** A run is a series of taken addresses without a gap. Two runs never touch. */
const SCHEMA = `
  CREATE TABLE reservation (address TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE run (first TEXT PRIMARY KEY, last TEXT NOT NULL) WITHOUT ROWID;
`;

/** Returns the id of this boot as SQLite's `user_version`, a signed 32-bit number. */
function bootVersion(): number {
  return (bootIdSeconds() ?? 0) % 2 ** 31;
}

/** Returns a text of fixed length. Texts sort as the addresses do, and the families apart. */
function toKey({ family, value }: IpAddress): string {
  return `${family}${
    value.toString(16).padStart(addressBits(family) / 4, "0")
  }`;
}

const KEY = /^(?:4[0-9a-f]{8}|6[0-9a-f]{32})$/;

function fromKey(key: unknown): IpAddress {
  const text = String(key);
  if (!KEY.test(text)) throw new IndexDoubt(`invalid key "${text}"`);
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

/** Runs `body`; an error of SQLite becomes a doubt about the index at `path`. */
function doubting<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const isSqlite = error instanceof Error && "code" in error &&
      error.code === "ERR_SQLITE_ERROR";
    if (!isSqlite) throw error;
    throw new IndexDoubt(`${path}: ${error.message}`, { cause: error });
  }
}

/**
 * Returns whether the file at `path` is an index of `directory` as it is now.
 *
 * @throws {SystemError} if one of them cannot be inspected.
 */
export function isIndexCurrent(path: string, directory: string): boolean {
  const stamp = lstat(path);
  if (stamp?.isFile !== true || stamp.mtime === null) return false;
  const stampMs = stamp.mtime.getTime();
  // A file that was not stamped, because of a kill, is as young as its last change. The directory
  // may have the same time by chance.
  const changedMs = stamp.ctime?.getTime() ?? stampMs;
  if (changedMs - stampMs < MIN_STAMPED_AGE_MS) return false;
  return lstat(directory)?.mtime?.getTime() === stampMs &&
    !isFromEarlierBoot(stampMs);
}

/**
 * Makes the index at `path` current: one of `directory` as it is now.
 *
 * @throws {SystemError} if a time cannot be set.
 */
export function stampIndex(path: string, directory: string): void {
  const stamp = new Date(nowMs() - STAMP_AGE_MS);
  for (const each of [path, directory]) {
    attempt("utime", each, () => Deno.utimeSync(each, stamp, stamp));
  }
}

/** Offsets of the write and the read version in the header of an SQLite file. */
const VERSION_OFFSETS = [18, 19] as const;
/** The version of a file with a write-ahead log. */
const WRITE_AHEAD_LOG = 2;

/**
 * Refuses a file that makes SQLite create a write-ahead log beside it, which nothing would remove.
 *
 * @throws {IndexDoubt} if the header asks for a log.
 * @throws {SystemError} if the file cannot be read.
 */
function refuseWriteAheadLog(path: string): void {
  const header = new Uint8Array(20);
  attempt("read", path, () => {
    using file = Deno.openSync(path);
    file.readSync(header);
  });
  if (VERSION_OFFSETS.some((at) => header[at] === WRITE_AHEAD_LOG)) {
    throw new IndexDoubt(`${path} asks for a write-ahead log`);
  }
}

/** An open index. Its methods throw {@link IndexDoubt} if the file is damaged. */
export class ReservationIndex implements ReservationLookup, Disposable {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(path: string) {
    this.#path = path;
    this.#database = doubting(path, () => openDatabase(path));
    try {
      this.#execute(SETTINGS);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /**
   * Opens the index at `path`.
   *
   * @returns Undefined if there is none, or none of `directory` as it is now.
   * @throws {IndexDoubt} if it is not a database, or one with a write-ahead log.
   * @throws {SystemError} if it cannot be inspected.
   */
  static open(path: string, directory: string): ReservationIndex | undefined {
    if (!isIndexCurrent(path, directory)) return undefined;
    refuseWriteAheadLog(path);
    using stack = new DisposableStack();
    const index = stack.use(new ReservationIndex(path));
    if (!index.#isFromThisBoot()) return undefined;
    stack.move();
    return index;
  }

  /**
   * Creates an index of what `table` holds, instead of the one at `path`. It is not stamped yet.
   *
   * @throws {SystemError} if the file cannot be created, or is not a regular file.
   */
  static create(path: string, table: ReservationTable): ReservationIndex {
    return takeSteps(ReservationIndex.creationSteps(path, table));
  }

  /** As {@link create}, a step for each reservation. */
  static *creationSteps(
    path: string,
    table: ReservationTable,
  ): Generator<void, ReservationIndex> {
    if (lstatOwn(path) !== undefined) removeFile(path);
    const options = { write: true, createNew: true, mode: FILE_MODE };
    attempt("create", path, () => Deno.openSync(path, options).close());
    using stack = new DisposableStack();
    const index = stack.use(new ReservationIndex(path));
    yield* index.#fill(table);
    stack.move();
    return index;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  *#fill(table: ReservationTable): Generator<void> {
    this.#execute(`BEGIN; PRAGMA user_version = ${bootVersion()}; ${SCHEMA}`);
    const rows = [...table.entries()].map(([address, owner]) => ({
      key: toKey(address),
      address,
      owner,
    }))
      .sort((a, b) => a.key < b.key ? -1 : 1);
    let run: { first: string; next: string; last: string } | undefined;
    for (const { key, address, owner } of rows) {
      this.#run("INSERT INTO reservation VALUES (?, ?)", key, owner);
      if (run?.next !== key) {
        if (run !== undefined) this.#insertRun(run);
        run = { first: key, last: key, next: "" };
      }
      run.last = key;
      run.next = toKey(addressPlus(address, 1n));
      yield;
    }
    if (run !== undefined) this.#insertRun(run);
    this.#execute(
      "CREATE INDEX reservation_owner ON reservation (owner); COMMIT",
    );
  }

  #isFromThisBoot(): boolean {
    const [row] = this.#rows("PRAGMA user_version");
    return row?.["user_version"] === bootVersion();
  }

  #execute(sql: string): void {
    doubting(this.#path, () => this.#database.exec(sql));
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  #run(sql: string, ...parameters: readonly string[]): void {
    doubting(this.#path, () => this.#prepare(sql).run(...parameters));
  }

  #rows(
    sql: string,
    ...parameters: readonly (string | number)[]
  ): Record<string, unknown>[] {
    return doubting(this.#path, () => this.#prepare(sql).all(...parameters));
  }

  #insertRun({ first, last }: Run): void {
    this.#run("INSERT INTO run VALUES (?, ?)", first, last);
  }

  #deleteRun({ first }: Run): void {
    this.#run("DELETE FROM run WHERE first = ?", first);
  }

  /** Returns the run that `key` lies in. */
  #runAround(key: string): Run | undefined {
    const sql =
      "SELECT first, last FROM run WHERE first <= ? ORDER BY first DESC LIMIT 1";
    const [row] = this.#rows(sql, key);
    const run = toRun(row);
    return run !== undefined && run.last >= key ? run : undefined;
  }

  /** The number of reservations. */
  get size(): number {
    const [row] = this.#rows("SELECT count(*) AS size FROM reservation");
    return Number(row?.["size"]);
  }

  /** Returns every reservation with the name of its file, in the order of the addresses. */
  entries(): readonly {
    readonly name: string;
    readonly address: IpAddress;
    readonly owner: string;
  }[] {
    const sql = "SELECT address, owner FROM reservation ORDER BY address";
    return this.#rows(sql).map((row) => {
      const address = fromKey(row["address"]);
      return {
        name: formatIpAddress(address),
        address,
        owner: String(row["owner"]),
      };
    });
  }

  addressesOf(owner: string): readonly IpAddress[] {
    const sql = "SELECT address FROM reservation WHERE owner = ?";
    return this.#rows(sql, owner).map((row) => fromKey(row["address"]));
  }

  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined {
    const run = this.#runAround(toKey(from));
    const first = run === undefined ? from : addressPlus(fromKey(run.last), 1n);
    return first.value <= last.value ? first : undefined;
  }

  /** Adds a reservation. The address must not be in the index. */
  insert(address: IpAddress, owner: string): void {
    const key = toKey(address);
    this.#run("INSERT INTO reservation VALUES (?, ?)", key, owner);
    const before = this.#runAround(toKey(addressPlus(address, -1n)));
    // After the last address of a family there is no key, and no run.
    const after = address.value < lastValue(address.family)
      ? this.#runAround(toKey(addressPlus(address, 1n)))
      : undefined;
    if (before !== undefined) this.#deleteRun(before);
    if (after !== undefined) this.#deleteRun(after);
    this.#insertRun({ first: before?.first ?? key, last: after?.last ?? key });
  }

  /** Removes the reservation of an address, if there is one. */
  remove(address: IpAddress): void {
    const key = toKey(address);
    this.#run("DELETE FROM reservation WHERE address = ?", key);
    const run = this.#runAround(key);
    if (run === undefined) return;
    this.#deleteRun(run);
    const { first, last } = run;
    if (first < key) {
      this.#insertRun({ first, last: toKey(addressPlus(address, -1n)) });
    }
    if (key < last) {
      this.#insertRun({ first: toKey(addressPlus(address, 1n)), last });
    }
  }

  /** Applies all of a change, or nothing of it. */
  change({ removed, inserted }: IndexChange): void {
    this.#execute("BEGIN");
    for (const address of removed) this.remove(address);
    for (const [address, owner] of inserted) this.insert(address, owner);
    this.#execute("COMMIT");
  }
}
