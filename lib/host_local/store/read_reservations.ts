/**
 * Reads the reservations of a network for the commands of operators, with as little as possible for
 * each of up to 60,000 files.
 *
 * @module
 */

import type { Log } from "../../base/log_line.ts";
import { SystemError } from "../../base/errors.ts";
import { earlierBootLimitMs } from "../../sys/clock.ts";
import { attempt, exposureOf, lstat } from "../../sys/files.ts";
import type { StoreConfig } from "../config.ts";
import { FILE_NAME } from "../file_name.ts";
import {
  inOrder,
  type NetworkReservations,
  type RecordedReservation,
  ReservationRow,
} from "../operator/network_facts.ts";
import { parseOwner, parseReservationName } from "../reservation_format.ts";
import { EarlierBoot } from "./earlier_boot.ts";
import { NetworkDirectory } from "./network_directory.ts";
import {
  FILES_PER_REPORT,
  lockForReading,
  type OnFiles,
  readText,
  statDirectory,
  type TextReading,
} from "./network_reading.ts";
import { readHistory } from "./read_history.ts";
import { IndexDoubt, ReservationIndex } from "./reservation_index.ts";
import { prepareDatabase } from "./sqlite.ts";

/** What was read of a directory. */
interface Reading {
  readonly rows: readonly RecordedReservation[];
  readonly fileCount: number;
  readonly unreadable: readonly string[];
}

/** What is known about a directory before its files are read. */
interface Context {
  readonly directory: string;
  readonly isExposed: boolean;
  readonly onFiles: OnFiles | undefined;
  /** Returns whether the reservation of a file is from before the last boot. */
  readonly isEarlier: (name: string, modifiedMs: number) => boolean;
}

/**
 * Reads the reservations of a network, under its lock if that can be taken. Changes nothing.
 *
 * A current index says which files there are and what they contain. Only their times and sizes are
 * then read, and the content of files that differ.
 *
 * @returns Undefined if there is no such directory.
 * @throws {SystemError} if the directory cannot be read.
 */
export async function readReservations(
  { directory, lockTimeoutMs }: StoreConfig,
  { log, onFiles }: {
    readonly log: Log;
    readonly onFiles?: OnFiles | undefined;
  },
): Promise<NetworkReservations | undefined> {
  const info = statDirectory(directory);
  if (info === undefined) return undefined;
  await prepareDatabase(`${directory}/${FILE_NAME.index}`);
  const { lock, held } = await lockForReading(directory, lockTimeoutMs);
  try {
    const exposure = exposureOf(info);
    const isExposed = exposure !== undefined;
    const context: Context = {
      directory,
      isExposed,
      onFiles,
      isEarlier: isExposed ? () => false : earlierBootTest(directory, {
        lock: held?.file,
        log,
      }),
    };
    const indexed = isExposed || held === undefined
      ? undefined
      : readByIndex(context);
    const { rows, fileCount, unreadable } = indexed ??
      attempt("read", directory, () => readFiles(context));
    return {
      name: directory.slice(directory.lastIndexOf("/") + 1),
      directory,
      ...(exposure === undefined ? {} : { exposure }),
      lock,
      fileCount,
      unreadable,
      history: readHistory(directory, log),
      reservations: rows,
    };
  } finally {
    held?.[Symbol.dispose]();
  }
}

function earlierBootTest(
  directory: string,
  options: { readonly lock: Deno.FsFile | undefined; readonly log: Log },
): Context["isEarlier"] {
  const earlier = new EarlierBoot(new NetworkDirectory(directory), options);
  const limitMs = earlierBootLimitMs();
  return (name, modifiedMs) => {
    if (modifiedMs >= limitMs) return false;
    const address = parseReservationName(name);
    return address !== undefined && earlier.includes(address, modifiedMs);
  };
}

/** Returns undefined if there is no index, or it cannot be relied on. */
function readByIndex(context: Context): Reading | undefined {
  const path = `${context.directory}/${FILE_NAME.index}`;
  try {
    using index = ReservationIndex.open(path, context.directory);
    // A file that was changed later has a content that the index does not know.
    const knownMs = lstat(path)?.ctime?.getTime();
    return index === undefined || knownMs === undefined
      ? undefined
      : rowsOfIndex(index, context, knownMs);
  } catch (error) {
    // The files say everything; `check-state` says what is wrong with the index.
    if (error instanceof IndexDoubt || error instanceof SystemError) {
      return undefined;
    }
    throw error;
  }
}

/** Returns undefined if a file that the index has is missing. */
function rowsOfIndex(
  index: ReservationIndex,
  context: Context,
  knownMs: number,
): Reading | undefined {
  const { directory, isEarlier, onFiles } = context;
  const rows: RecordedReservation[] = [];
  const unreadable: string[] = [];
  let count = 0;
  for (const { name, address, owner } of index.entries()) {
    if (++count % FILES_PER_REPORT === 0) onFiles?.(count);
    const info = lstat(`${directory}/${name}`);
    if (info === undefined) return undefined;
    const modifiedMs = info.mtime?.getTime() ?? 0;
    const isKnown = owner !== "" && info.isFile && modifiedMs <= knownMs &&
      info.size === owner.length;
    const { content, reason } = isKnown
      ? { content: owner, reason: undefined }
      : info.isFile
      ? readText(`${directory}/${name}`, info.size, context) ?? {}
      : {};
    if (reason !== undefined) unreadable.push(reason);
    if (!isKnown && isBlank(content)) continue;
    rows.push(
      new ReservationRow(
        directory,
        name,
        address,
        content,
        modifiedMs,
        isEarlier(name, modifiedMs),
        reason,
      ),
    );
  }
  return { rows, fileCount: rows.length, unreadable };
}

function readFiles(context: Context): Reading {
  const { directory, isExposed, isEarlier, onFiles } = context;
  const rows: RecordedReservation[] = [];
  const unreadable: string[] = [];
  let fileCount = 0;
  for (const { name, isFile } of Deno.readDirSync(directory)) {
    if (++fileCount % FILES_PER_REPORT === 0) onFiles?.(fileCount);
    const address = parseReservationName(name);
    if (address === undefined) continue;
    const path = `${directory}/${name}`;
    const info = lstat(path);
    if (info === undefined) continue;
    let text: TextReading | undefined = {};
    if (isFile && info.isFile) {
      text = readText(path, info.size, { isExposed });
      // Gone meanwhile, or free.
      if (text === undefined || isBlank(text.content)) continue;
      if (text.reason !== undefined) unreadable.push(text.reason);
    }
    const modifiedMs = info.mtime?.getTime() ?? 0;
    rows.push(
      new ReservationRow(
        directory,
        name,
        address,
        text.content,
        modifiedMs,
        isEarlier(name, modifiedMs),
        text.reason,
      ),
    );
  }
  return { rows: inOrder(rows), fileCount, unreadable };
}

/** What begins like this is not blank. */
const VISIBLE_START = /^[!-~]/;

/** Returns whether a content makes its address free. */
function isBlank(content: string | undefined): boolean {
  return content !== undefined && !VISIBLE_START.test(content) &&
    parseOwner(content).kind === "none";
}
