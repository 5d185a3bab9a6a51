/**
 * Reads small files, with a limit, and without waiting for a FIFO or a device: node:fs can open a
 * file with O_NONBLOCK, unlike Deno.
 *
 * @module
 */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { SystemError } from "../base/errors.ts";
import { attempt, errnoName, systemError } from "./files.ts";

/** A file is longer than the limit of its reader. */
export class OversizeError extends SystemError {}

/** Enough for reservations and cursors; a longer file takes several reads. */
const buffer = new Uint8Array(1024);
const { O_NONBLOCK, O_RDONLY } = constants;

/**
 * Reads the text of a file that this project made and that is small. The caller has found out that
 * it is a regular file. If it has been replaced since, by a FIFO or a device, reading it does not
 * wait, and ends at the limit.
 *
 * @returns Undefined if the file does not exist.
 * @throws {OversizeError} if it has more than `maxBytes`.
 * @throws {SystemError} if it cannot be read.
 */
export function readSmallFile(
  path: string,
  maxBytes: number,
): string | undefined {
  let file: number;
  try {
    file = openSync(path, O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if (errnoName(error) === "ENOENT") return undefined;
    throw systemError("open", path, error);
  }
  try {
    return attempt("read", path, () => readDescriptor(file, path, maxBytes));
  } finally {
    closeSync(file);
  }
}

function readDescriptor(file: number, path: string, maxBytes: number): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let total = 0;
  for (;;) {
    const length = readSync(file, buffer, 0, buffer.length, null);
    total += length;
    if (total > maxBytes) {
      throw new OversizeError(`read ${path}: more than ${maxBytes} bytes`);
    }
    // A FIFO without a writer looks like an empty file.
    if (total === 0 && !fstatSync(file).isFile()) {
      throw new SystemError(`read ${path}: is not a regular file`);
    }
    if (length < buffer.length) {
      return text + decoder.decode(buffer.subarray(0, length));
    }
    text += decoder.decode(buffer, { stream: true });
  }
}

/**
 * Reads the text of a file that an operator has named. Follows symbolic links. Anything but a
 * regular file is refused without being opened: reading a FIFO or a device could take forever.
 *
 * @throws {OversizeError} if it has more than `maxBytes`.
 * @throws {SystemError} if it is not a regular file, or cannot be read.
 */
export function readNamedFile(path: string, maxBytes: number): string {
  const { isFile } = attempt("open", path, () => Deno.statSync(path));
  if (!isFile) throw new SystemError(`open ${path}: is not a regular file`);
  return readSmallFile(path, maxBytes) ?? "";
}
