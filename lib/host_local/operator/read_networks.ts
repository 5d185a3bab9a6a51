/** Reads the networks that a command is about. Pure but for the ports that it is given. @module */

import { SystemError } from "../../base/errors.ts";
import { cleanPath } from "../../base/path.ts";
import { messageWithAdvice } from "../../cli/error_advice.ts";
import { DEFAULT_LOCK_TIMEOUT_SECONDS } from "../config.ts";
import type { NetworkFacts, NetworkReservations } from "./network_facts.ts";
import type { OperatorPorts } from "./ports.ts";

/** Networks, and what the reader should know about how they were read. */
export interface ReadNetworks<T> {
  readonly networks: readonly T[];
  readonly notes: readonly string[];
  /** Why networks could not be read. */
  readonly failures: readonly string[];
  /** Whether every file of every network could be read. */
  readonly isComplete: boolean;
}

/** How a network was read. */
type ReadingFacts = Pick<
  NetworkReservations,
  "directory" | "lock" | "fileCount" | "unreadable"
>;

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
): Promise<ReadNetworks<NetworkFacts>> {
  return await readEach(dataDir, wanted, {
    ports,
    read: (directory) =>
      ports.readNetwork(storeConfigOf(directory), { verifyIndex }),
    factsOf: readingFactsOf,
  });
}

/** The same for nothing but the reservations, which takes less time. */
export async function readAllReservations(
  dataDir: string,
  wanted: readonly string[],
  ports: OperatorPorts,
): Promise<ReadNetworks<NetworkReservations>> {
  return await readEach(dataDir, wanted, {
    ports,
    read: (directory) => ports.readReservations(storeConfigOf(directory)),
    factsOf: (network) => network,
  });
}

async function readEach<T>(
  dataDir: string,
  wanted: readonly string[],
  { ports, read, factsOf }: {
    readonly ports: OperatorPorts;
    readonly read: (directory: string) => Promise<T | undefined>;
    readonly factsOf: (network: T) => ReadingFacts;
  },
): Promise<ReadNetworks<T>> {
  const networks: T[] = [];
  const failures: string[] = [];
  const isOneWanted = wanted.length > 0;
  for (const name of isOneWanted ? wanted : ports.networkNames(dataDir)) {
    const directory = cleanPath(`${dataDir}/${name}`);
    try {
      const network = await read(directory);
      if (network !== undefined) networks.push(network);
      else if (isOneWanted) throw noSuchNetwork(directory, { dataDir, ports });
    } catch (error) {
      if (isOneWanted || !(error instanceof SystemError)) throw error;
      failures.push(messageWithAdvice(error));
    }
  }
  const facts = networks.map(factsOf);
  return {
    networks,
    notes: [...failures, ...facts.flatMap(notesOn)],
    failures,
    isComplete: failures.length === 0 &&
      facts.every(({ unreadable }) => unreadable.length === 0),
  };
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

/** Returns how a network was read. */
export function readingFactsOf(
  { directory, lock, files }: NetworkFacts,
): ReadingFacts {
  const unreadable = files.flatMap((file) => file.unreadable ?? []);
  return { directory, lock, fileCount: files.length, unreadable };
}

/** Returns what the reader should know about how a network was read. */
export function notesOn(
  { directory, lock, fileCount, unreadable }: ReadingFacts,
): readonly string[] {
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
    `${unreadable.length} of ${fileCount} files in ${directory} cannot be read: ${first}`,
  ];
}
