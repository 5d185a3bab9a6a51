/** What the commands for operators need from the host. @module */

import type { ProgressReport } from "../../cli/progress.ts";
import type { Screen } from "../../cli/screen.ts";
import type { ConfigFile } from "../../cni/config_document.ts";
import type { LeaseRecord } from "../daemon/lease_record.ts";
import type {
  AttachedInterface,
  Scheduler,
  UnusableFile,
} from "../daemon/ports.ts";
import type { PluginPorts } from "../plugin/ports.ts";

/** The lease files of a state directory. */
export interface StoredLeases {
  readonly records: readonly LeaseRecord[];
  readonly unusable: readonly UnusableFile[];
  /** Identifies this boot of the machine. */
  readonly bootId: string;
}

/** An interface and what it takes to exchange messages on it. Disposing ends it all. */
export interface ProbeSession extends AsyncDisposable {
  readonly attached: AttachedInterface;
  readonly scheduler: Scheduler;
  readonly randomU32: () => number;
}

/** The effects that the commands use. */
export interface OperatorPorts {
  /** As in {@link PluginPorts}. */
  readonly connect: PluginPorts["connect"];

  /**
   * Reads the lease files of a state directory, and changes nothing. There are none if there is no
   * such directory.
   *
   * @throws {SystemError} if it cannot be read.
   */
  readLeases(stateDir: string): StoredLeases;

  /** The clock that the times of lease files belong to. */
  readonly clock: Pick<Scheduler, "nowMs" | "wallMs">;

  /**
   * Finds the interface `ifName` in the network namespace at a path.
   *
   * @throws {SystemError} if there is none, or it may not be used.
   */
  openProbe(netnsPath: string, ifName: string): Promise<ProbeSession>;

  /**
   * Reads a configuration, or every configuration of a directory. Standard input is `-`.
   *
   * @throws {SystemError} if it cannot be read.
   */
  readConfigs(path: string): readonly ConfigFile[];

  /**
   * Prints a line at once.
   *
   * @returns False if its reader is gone.
   */
  print(line: string): boolean;

  readonly screen: Screen;

  /** Shows how far work is. */
  readonly progress: ProgressReport;
}
