/** Reads the networks that a command is about. Pure but for the ports that it is given. @module */

import { SystemError } from "../../base/errors.ts";
import { cleanPath } from "../../base/path.ts";
import { DEFAULT_LOCK_TIMEOUT_SECONDS } from "../config.ts";
import type { NetworkFacts } from "./network_facts.ts";
import type { OperatorPorts } from "./ports.ts";

/** Networks, and what the reader should know about how they were read. */
export interface ReadNetworks {
  readonly networks: readonly NetworkFacts[];
  readonly notes: readonly string[];
  /** Why networks could not be read. */
  readonly failures: readonly string[];
  /** Whether every file of every network could be read. */
  readonly isComplete: boolean;
}

/** Returns how a command opens a directory. */
export function storeConfigOf(directory: string): {
  readonly directory: string;
  readonly lockTimeoutMs: number;
} {
  return { directory, lockTimeoutMs: DEFAULT_LOCK_TIMEOUT_SECONDS * 1000 };
}

/**
 * Reads the networks of a data directory. If all are wanted, one that cannot be read does not keep
 * the others from being read.
 *
 * @param wanted Their names; all networks if it is empty.
 * @param options `verifyIndex`: whether to compare each index with the files.
 * @throws {SystemError} if a wanted network does not exist or cannot be read, or the data directory
 *   cannot be read.
 */
export async function readNetworks(
  dataDir: string,
  wanted: readonly string[],
  { ports, verifyIndex = false }: {
    readonly ports: OperatorPorts;
    readonly verifyIndex?: boolean;
  },
): Promise<ReadNetworks> {
  const networks: NetworkFacts[] = [];
  if (wanted.length > 0) {
    for (const name of wanted) {
      const directory = cleanPath(`${dataDir}/${name}`);
      const facts = await ports.readNetwork(storeConfigOf(directory), {
        verifyIndex,
      });
      if (facts === undefined) {
        throw noSuchNetwork(directory, { dataDir, ports });
      }
      networks.push(facts);
    }
    return {
      networks,
      notes: networks.flatMap(notesOn),
      failures: [],
      isComplete: networks.every(isReadable),
    };
  }
  const failures: string[] = [];
  for (const name of ports.networkNames(dataDir)) {
    const directory = cleanPath(`${dataDir}/${name}`);
    try {
      const facts = await ports.readNetwork(storeConfigOf(directory), {
        verifyIndex,
      });
      if (facts !== undefined) networks.push(facts);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      failures.push(error.message);
    }
  }
  return {
    networks,
    notes: [...failures, ...networks.flatMap(notesOn)],
    failures,
    isComplete: failures.length === 0 && networks.every(isReadable),
  };
}

function isReadable({ files }: NetworkFacts): boolean {
  return files.every(({ unreadable }) => unreadable === undefined);
}

function noSuchNetwork(
  directory: string,
  { dataDir, ports }: {
    readonly dataDir: string;
    readonly ports: OperatorPorts;
  },
): SystemError {
  const names = ports.networkNames(dataDir).join(", ") || "none";
  return new SystemError(`open ${directory}: no such directory`, {
    advice: `the networks in ${dataDir} are: ${names}`,
  });
}

/** Returns what the reader should know about how a network was read. */
export function notesOn(
  { directory, lock, files }: NetworkFacts,
): readonly string[] {
  const unreadable = files.filter((file) => file.unreadable !== undefined);
  const [first] = unreadable;
  const unlocked = lock.kind === "unavailable"
    ? [
      `${directory} was read without its lock: ${
        [lock.reason, lock.advice].filter((text) => text !== "").join("; ")
      }`,
    ]
    : [];
  return first === undefined ? unlocked : [
    ...unlocked,
    `${unreadable.length} of ${files.length} files in ${directory} cannot be read: ${first.unreadable}`,
  ];
}
