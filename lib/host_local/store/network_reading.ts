/**
 * Reading the directory of a network without changing it, for the commands of operators: its lock,
 * and the text of its files.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import { reasonOf, systemError } from "../../sys/files.ts";
import { readSmallFile } from "../../sys/small_file.ts";
import { FILE_NAME } from "../file_name.ts";
import type { LockFacts } from "../operator/network_facts.ts";
import { MAX_FILE_BYTES } from "./network_directory.ts";
import { type HeldLock, NetworkLocks } from "./network_lock.ts";

/**
 * A file of this size is read with a single call; a network can have 60,000 of them. A longer one
 * is read in parts, with a limit.
 */
const SMALL_BYTES = 4096;

/** Receives how many files have been read so far. */
export type OnFiles = (count: number) => void;

/** A report for each file would take longer than to read it. */
export const FILES_PER_REPORT = 256;

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
    throw systemError("open", path, error);
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
