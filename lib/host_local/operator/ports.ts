/** What the commands for operators need from the host. @module */

import type { Screen } from "../../cli/screen.ts";
import type { ConfigFile } from "../../cni/config_document.ts";
import type { IpAddress } from "../../net/ip_address.ts";
import type { StoreConfig } from "../config.ts";
import type { NetworkFacts } from "./network_facts.ts";
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
   * Returns the addresses that files of a directory are named like, in parts; none if there is no
   * such directory. Opens no file.
   *
   * @throws {SystemError} if the directory cannot be read.
   */
  addressesIn(directory: string): AsyncIterable<readonly IpAddress[]>;

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

  readonly screen: Screen;
}
