/**
 * Which reservations are from before the last boot.
 *
 * The clock alone cannot tell: once it is set forward, the reservations of running containers are
 * older than the uptime as well. So the first ADD after a boot records which reservations it finds,
 * in `.earlier-boot`, and marks the lock file with the id of the boot. What is not recorded is from
 * this boot.
 *
 * @module
 */

import type { Log } from "../../base/log_line.ts";
import { formatIpAddress, type IpAddress } from "../../net/ip_address.ts";
import { bootIdSeconds, isFromEarlierBoot } from "../../sys/clock.ts";
import { attempt } from "../../sys/files.ts";
import type { ReservationTable } from "../reservation_table.ts";
import { bestEffort } from "./best_effort.ts";
import { type NetworkDirectory } from "./network_directory.ts";
import { FILE_NAME } from "../file_name.ts";

/** The reservations of a network that are from before the last boot. */
export class EarlierBoot {
  readonly #directory: NetworkDirectory;
  readonly #lock: Deno.FsFile | undefined;
  readonly #log: Log;
  /** Whether an ADD in this boot has recorded what it found, once that is known. */
  #isRecorded: boolean | undefined;
  /** The record, once it has been read: a line for each reservation. */
  #record: ReadonlySet<string> | undefined;

  /** @param options `lock`: the open lock file. Without one nothing is recorded. */
  constructor(
    directory: NetworkDirectory,
    { lock, log }: {
      readonly lock: Deno.FsFile | undefined;
      readonly log: Log;
    },
  ) {
    this.#directory = directory;
    this.#lock = lock;
    this.#log = log;
  }

  #hasRecord(mark = bootMark()): boolean {
    this.#isRecorded ??= mark !== undefined &&
      this.#lock?.statSync().mtime?.getTime() === mark.getTime();
    return this.#isRecorded;
  }

  /** Returns whether the reservation of `address` at that time is from before the last boot. */
  includes(address: IpAddress, reservedAtMs: number): boolean {
    if (!isFromEarlierBoot(reservedAtMs)) return false;
    if (!this.#hasRecord()) return true;
    this.#record ??= this.#readRecord();
    return this.#record.has(lineOf(address, reservedAtMs));
  }

  #readRecord(): ReadonlySet<string> {
    let record = "";
    bestEffort(this.#log, "boot-record-unreadable", () => {
      record = this.#directory.readEarlierBoot() ?? "";
    });
    return new Set(record.split("\n"));
  }

  /**
   * Records the reservations that are from before the last boot, unless an ADD has done so. Call it
   * before the first reservation is made.
   *
   * @param readTable Returns all reservations.
   */
  record(readTable: () => ReservationTable): void {
    const lock = this.#lock;
    const mark = bootMark();
    if (lock === undefined || mark === undefined || this.#hasRecord(mark)) {
      return;
    }
    const lines = [...readTable().entries()].flatMap(([address]) => {
      const timeMs = this.#directory.reservedAtMs(address);
      return timeMs !== undefined && isFromEarlierBoot(timeMs)
        ? [lineOf(address, timeMs)]
        : [];
    });
    bestEffort(this.#log, "boot-record-not-written", () => {
      const text = lines.length === 0
        ? undefined
        : lines.sort().map((line) => `${line}\n`).join("");
      this.#directory.writeEarlierBoot(text);
      attempt(
        "utime",
        this.#directory.join(FILE_NAME.lock),
        () => lock.utimeSync(mark, mark),
      );
    });
  }
}

/** Returns the modification time of a lock file that marks this boot, if it has an id. */
function bootMark(): Date | undefined {
  const bootId = bootIdSeconds();
  return bootId === undefined ? undefined : new Date(bootId * 1000);
}

/** The time tells whether the address has been released and reserved again in between. */
function lineOf(address: IpAddress, reservedAtMs: number): string {
  return `${formatIpAddress(address)} ${reservedAtMs}`;
}
