/** What the commands for operators need from the host. @module */

import type { Screen } from "../../cli/screen.ts";
import type { StoreConfig } from "../config.ts";
import type { NetworkFacts } from "./network_facts.ts";
import type { CachedAttachment, RuntimeTraces } from "./runtime_traces.ts";

/** A file with a network configuration. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

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
   * @returns Undefined if there is no such directory.
   * @throws {SystemError} if the directory cannot be read.
   */
  readNetwork(config: StoreConfig): Promise<NetworkFacts | undefined>;

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
