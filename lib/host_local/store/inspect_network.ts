/**
 * Reads everything that the directory of a network holds, for the commands of operators.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import { earlierBootLimitMs } from "../../sys/clock.ts";
import { attempt, exposureOf, lstat, reasonOf } from "../../sys/files.ts";
import { readSmallFile } from "../../sys/small_file.ts";
import { formatIpAddress, type IpAddress } from "../../net/ip_address.ts";
import type { StoreConfig } from "../config.ts";
import {
  type FileFacts,
  type IndexFacts,
  type LockFacts,
  type NetworkFacts,
  ownerOf,
} from "../operator/network_facts.ts";
import {
  ownerKey,
  parseCursorName,
  parseReservationName,
} from "../reservation_format.ts";
import { EarlierBoot } from "./earlier_boot.ts";
import {
  MAX_FILE_BYTES,
  MAX_HISTORY_BYTES,
  NetworkDirectory,
} from "./network_directory.ts";
import { type HeldLock, NetworkLocks } from "./network_lock.ts";
import {
  IndexDoubt,
  isIndexCurrent,
  ReservationIndex,
} from "./reservation_index.ts";
import { prepareDatabase } from "./sqlite.ts";
import { FILE_NAME } from "../file_name.ts";

/**
 * A file of this size is read with a single call; a network can have 60,000 of them. A longer one
 * is read in parts, with a limit.
 */
const SMALL_BYTES = 4096;

/** Receives how many files have been read so far. */
export type OnFiles = (count: number) => void;

/** A report for each file would take longer than to read it. */
export const FILES_PER_REPORT = 256;

const PERMISSION_BITS = 0o7777;
const READ_NAMES: readonly string[] = [
  FILE_NAME.pending,
  FILE_NAME.answered,
  FILE_NAME.history,
];

/**
 * Reads the directory of a network once, under its lock if that can be taken. Changes nothing.
 *
 * @param options `verifyIndex`: whether to compare the index with the files.
 * @returns Undefined if there is no such directory.
 * @throws {SystemError} if the directory cannot be read.
 */
export async function inspectNetwork(
  { directory, lockTimeoutMs }: StoreConfig,
  { log, onFiles, verifyIndex = false }: {
    readonly log: Log;
    readonly onFiles?: OnFiles | undefined;
    readonly verifyIndex?: boolean;
  },
): Promise<NetworkFacts | undefined> {
  const info = statDirectory(directory);
  if (info === undefined) return undefined;
  if (verifyIndex) await prepareDatabase(`${directory}/${FILE_NAME.index}`);
  const { lock, held } = await lockForReading(directory, lockTimeoutMs);
  try {
    const exposure = exposureOf(info);
    const network = new NetworkDirectory(directory);
    const files = attempt(
      "read",
      directory,
      () =>
        readFiles(directory, { isExposed: exposure !== undefined, onFiles }),
    );
    return {
      name: directory.slice(directory.lastIndexOf("/") + 1),
      directory,
      mode: (info.mode ?? 0) & PERMISSION_BITS,
      uid: info.uid ?? 0,
      ...(exposure === undefined ? {} : { exposure }),
      lock,
      index: indexFacts(network, { files, verifyIndex }),
      files,
      earlierBoot: exposure === undefined
        ? namesFromEarlierBoot(network, files, {
          lock: held?.file,
          log,
        })
        : new Set(),
    };
  } finally {
    held?.[Symbol.dispose]();
  }
}

/**
 * Returns the metadata of the directory of a network; undefined if there is none.
 *
 * @throws {SystemError} if it is no directory, or cannot be inspected.
 */
export function statDirectory(path: string): Deno.FileInfo | undefined {
  try {
    const info = Deno.statSync(path);
    if (info.isDirectory) return info;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new SystemError(`open ${path}: ${reasonOf(error)}`, { cause: error });
  }
  throw new SystemError(`open ${path}: not a directory`);
}

/** Takes the lock of a network if there is one, and waits for it as CHECK does. */
export async function lockForReading(
  directory: string,
  timeoutMs: number,
): Promise<
  { readonly lock: LockFacts; readonly held: HeldLock | undefined }
> {
  try {
    const path = `${directory}/${FILE_NAME.lock}`;
    const options = { create: false, timeoutMs, caller: undefined };
    const held = await new NetworkLocks().take(path, options);
    const kind = held === undefined ? "missing" : "held";
    return { lock: { kind }, held };
  } catch (error) {
    // A call that hangs with the lock is a reason to look, not to give up.
    if (!(error instanceof SystemError)) throw error;
    const { message: reason, advice, cause } = error;
    const isRefused = cause !== undefined;
    return {
      lock: { kind: "unavailable", isRefused, reason, advice },
      held: undefined,
    };
  }
}

function readFiles(
  directory: string,
  { isExposed, onFiles }: {
    readonly isExposed: boolean;
    readonly onFiles: OnFiles | undefined;
  },
): FileFacts[] {
  const files: FileFacts[] = [];
  let count = 0;
  for (const entry of Deno.readDirSync(directory)) {
    if (++count % FILES_PER_REPORT === 0) onFiles?.(count);
    const facts = readEntry(directory, entry, isExposed);
    if (facts !== undefined) files.push(facts);
  }
  return files;
}

/** Returns undefined if the file is gone meanwhile. */
function readEntry(
  directory: string,
  { name, isFile }: Deno.DirEntry,
  isExposed: boolean,
): FileFacts | undefined {
  const path = `${directory}/${name}`;
  const address = parseReservationName(name);
  const isText = isFile &&
    (address !== undefined || parseCursorName(name) !== undefined ||
      READ_NAMES.includes(name));
  const info = lstat(path);
  if (info === undefined) return undefined;
  if (!isText || !info.isFile) return factsOf(info, { name, address });
  const text = readText(path, info.size, {
    isExposed,
    ...(name === FILE_NAME.history ? { maxBytes: MAX_HISTORY_BYTES } : {}),
  });
  if (text === undefined) return undefined;
  const facts = factsOf(info, { name, address, content: text.content });
  return text.reason === undefined
    ? facts
    : { ...facts, unreadable: text.reason };
}

/** The text of a file, or why it cannot be read. */
export interface TextReading {
  readonly content?: string | undefined;
  readonly reason?: string;
}

/**
 * Reads the text of a reservation, a cursor or a marker. Returns undefined if the file is gone
 * meanwhile.
 *
 * @param size Its size in bytes.
 * @param options `isExposed`: whether another user could have replaced it; `maxBytes`: how long it
 *   may be.
 */
export function readText(
  path: string,
  size: number,
  { isExposed, maxBytes = MAX_FILE_BYTES }: {
    readonly isExposed: boolean;
    readonly maxBytes?: number;
  },
): TextReading | undefined {
  try {
    return {
      content: isExposed || size > SMALL_BYTES
        ? readSmallFile(path, maxBytes)
        : Deno.readTextFileSync(path),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const reason = error instanceof SystemError
      ? error.message
      : `open ${path}: ${reasonOf(error)}`;
    return { reason };
  }
}

function factsOf(
  info: Deno.FileInfo,
  { name, address, content }: {
    readonly name: string;
    readonly address: IpAddress | undefined;
    readonly content?: string | undefined;
  },
): FileFacts {
  return {
    name,
    kind: info.isFile
      ? "file"
      : info.isDirectory
      ? "directory"
      : info.isSymlink
      ? "link"
      : "other",
    mode: (info.mode ?? 0) & PERMISSION_BITS,
    uid: info.uid ?? 0,
    size: info.size,
    modifiedMs: info.mtime?.getTime() ?? 0,
    inode: info.ino ?? 0,
    address,
    content,
  };
}

function indexFacts(
  { path }: NetworkDirectory,
  { files, verifyIndex }: {
    readonly files: readonly FileFacts[];
    readonly verifyIndex: boolean;
  },
): IndexFacts {
  const file = files.find(({ name }) => name === FILE_NAME.index);
  if (file === undefined) return { kind: "none" };
  const location = `${path}/${file.name}`;
  if (file.kind !== "file") {
    return { kind: "damaged", reason: "it is not a regular file" };
  }
  if (!isIndexCurrent(location, path)) return { kind: "outdated" };
  if (!verifyIndex) return { kind: "current" };
  try {
    using index = ReservationIndex.open(location, path);
    if (index === undefined) return { kind: "outdated" };
    const different = firstDifference(index, files);
    return different === undefined
      ? { kind: "current" }
      : { kind: "damaged", reason: `it contradicts ${different}` };
  } catch (error) {
    if (!(error instanceof IndexDoubt || error instanceof SystemError)) {
      throw error;
    }
    return { kind: "damaged", reason: error.message };
  }
}

/** Returns what an index says wrong: the name of a file, or the number of files. */
function firstDifference(
  index: ReservationIndex,
  files: readonly FileFacts[],
): string | undefined {
  const owners = new Map<string, string[]>();
  let count = 0;
  for (const file of files) {
    if (file.address === undefined) continue;
    const owner = ownerOf(file);
    if (owner.kind === "none") continue;
    count++;
    const key = ownerKey(owner);
    const names = owners.get(key) ?? [];
    names.push(file.name);
    owners.set(key, names);
  }
  for (const [key, names] of owners) {
    const indexed = new Set(index.addressesOf(key).map(formatIpAddress));
    const missing = names.find((name) => !indexed.has(name));
    if (missing !== undefined) return missing;
  }
  return index.size === count
    ? undefined
    : `the files: it has ${index.size} reservations instead of ${count}`;
}

function namesFromEarlierBoot(
  network: NetworkDirectory,
  files: readonly FileFacts[],
  options: { readonly lock: Deno.FsFile | undefined; readonly log: Log },
): Set<string> {
  const earlier = new EarlierBoot(network, options);
  const limitMs = earlierBootLimitMs();
  const names = new Set<string>();
  for (const { name, address, modifiedMs } of files) {
    if (modifiedMs >= limitMs || address === undefined) continue;
    if (earlier.includes(address, modifiedMs)) names.add(name);
  }
  return names;
}
