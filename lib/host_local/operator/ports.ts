/** What the commands for operators need from the host. @module */

import type { Log } from "../../base/log_line.ts";
import type { ProgressReport } from "../../cli/progress.ts";
import type { Screen } from "../../cli/screen.ts";
import type { ConfigFile } from "../../cni/config_document.ts";
import type { IpAddress } from "../../net/ip_address.ts";
import type { AddressHistory, Moment } from "../address_history.ts";
import type { StoreConfig } from "../config.ts";
import type { ReservationStore } from "../ports.ts";
import type { LiveText } from "./live_list.ts";
import type { NetworkFacts, NetworkReservations } from "./network_facts.ts";
import type { CachedAttachment, RuntimeTraces } from "./runtime_traces.ts";

/** What repairing a network did. */
export interface RepairReport {
  /** What was done, in order: `removed /x/.cursor`. */
  readonly done: readonly string[];
  /** What was refused, with the reason. */
  readonly failed: readonly string[];
}

/** A change that makes a directory consistent. */
export type RepairStep =
  | { readonly kind: "remove"; readonly name: string }
  /** Clears the permission of other users to write; an empty name is the directory. */
  | { readonly kind: "protect"; readonly name: string };

/** The reservations of a network under its lock. */
export type LockedReservations =
  & Pick<ReservationStore, "find" | "releaseUnless" | "unlockAndSync">
  & Disposable;

/** The effects that the commands use. */
export interface OperatorPorts {
  /**
   * Returns the names of the networks in a data directory, sorted; none if there is no such
   * directory.
   *
   * @throws {SystemError} if the directory cannot be read.
   */
  networkNames(dataDir: string): readonly string[];

  /**
   * Reads the directory of a network once, under its lock if that can be taken. Changes nothing.
   *
   * @param options `verifyIndex`: whether to compare the index with the files.
   * @returns Undefined if there is no such directory.
   * @throws {SystemError} if the directory cannot be read.
   */
  readNetwork(
    config: StoreConfig,
    options?: { readonly verifyIndex: boolean },
  ): Promise<NetworkFacts | undefined>;

  /**
   * Reads the reservations of a network, under its lock if that can be taken. Faster than
   * {@link readNetwork}, which says the same. Changes nothing.
   *
   * @returns Undefined if there is no such directory.
   * @throws {SystemError} if the directory cannot be read.
   */
  readReservations(
    config: StoreConfig,
  ): Promise<NetworkReservations | undefined>;

  /**
   * Returns the addresses that have a file in a directory, in batches; none if there is no such
   * directory. Opens no file.
   *
   * @throws {SystemError} if the directory cannot be read.
   */
  addressesIn(directory: string): AsyncIterable<readonly IpAddress[]>;

  /**
   * Returns what is remembered about the addresses of a network.
   *
   * @throws {SystemError} if the directory cannot be inspected.
   */
  readHistory(directory: string): AddressHistory;

  /**
   * Writes a file that other users can read, replacing an existing one. Other programs see either
   * the old content or the new.
   *
   * @throws {SystemError} if it cannot be written.
   */
  writeFile(path: string, text: string): void;

  /**
   * Repairs a network under its lock: does what the next call of the plugin would do, then the
   * steps.
   *
   * @throws {SystemError} if the lock cannot be taken, or the directory cannot be read.
   */
  repair(
    config: StoreConfig,
    steps: readonly RepairStep[],
  ): Promise<RepairReport>;

  /**
   * Checks that an ADD could use the directory, as STATUS does. Changes nothing.
   *
   * @throws {SystemError} if it could not.
   */
  probe(config: StoreConfig): void;

  /**
   * Opens a network under its lock, after the repairs that the next call of the plugin would make.
   *
   * @returns Undefined if there is no such directory.
   * @throws {SystemError} if the lock cannot be taken, or the directory cannot be used.
   */
  openForChange(config: StoreConfig): Promise<LockedReservations | undefined>;

  /**
   * Reads a list of containers. Standard input is `-`.
   *
   * @throws {SystemError} if it is too long, no regular file, or cannot be read.
   */
  readLive(path: string): LiveText;

  /**
   * Returns the wall clock when the machine started, in milliseconds since 1970: that of the clock
   * at that time. Undefined if it is not known.
   */
  bootClockMs(): number | undefined;

  /** Looks for what container runtimes leave on the host. */
  readTraces(): RuntimeTraces;

  /** Reads a file of the CNI cache; undefined if it is missing or unusable. */
  readCached(path: string): CachedAttachment | undefined;

  /**
   * Reads a configuration, or every configuration of a directory. Standard input is `-`.
   *
   * @throws {SystemError} if it cannot be read.
   */
  readConfigs(path: string): readonly ConfigFile[];

  /**
   * Reads a regular file that a configuration names.
   *
   * @throws {SystemError} if it is no such file, has more than `maxBytes`, or cannot be read.
   */
  readNamedFile(path: string, maxBytes: number): string;

  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;

  /** The present, for what cools down. */
  moment(): Moment;

  readonly screen: Screen;

  readonly log: Log;

  /** Receives the progress of long work. */
  readonly progress: ProgressReport;
}
