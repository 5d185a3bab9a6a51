/** Reads small files, with a limit. FIFOs and devices are refused without being opened. @module */

import { concatBytes } from "../base/bytes.ts";
import { SystemError } from "../base/errors.ts";
import { attempt, systemError } from "./files.ts";

/** A file is longer than the limit of its reader. */
export class OversizeError extends SystemError {}

/** Enough for reservations and cursors; a longer file takes several reads. */
const buffer = new Uint8Array(1024);
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads the text of a small file. Anything but a regular file is refused without being opened, and
 * whatever replaces the file meanwhile is not read beyond the limit.
 *
 * @returns Undefined if the file does not exist.
 * @throws {OversizeError} if it has more than `maxBytes`.
 * @throws {SystemError} if it is not a regular file, or cannot be read.
 */
export function readSmallFile(
  path: string,
  maxBytes: number,
): string | undefined {
  let opened: Deno.FsFile;
  try {
    // Opening a FIFO would wait for a writer, and opening a device can have effects.
    if (!Deno.statSync(path).isFile) throw notRegular(path);
    opened = Deno.openSync(path);
  } catch (error) {
    if (error instanceof SystemError) throw error;
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw systemError("open", path, error);
  }
  using file = opened;
  return attempt("read", path, () => readOpenFile(file, path, maxBytes));
}

function notRegular(path: string): SystemError {
  return new SystemError(`read ${path}: is not a regular file`);
}

function readOpenFile(
  file: Deno.FsFile,
  path: string,
  maxBytes: number,
): string {
  let length = file.readSync(buffer) ?? 0;
  let total = length;
  refuseTooLong(total, { path, maxBytes });
  // Of a regular file, a read returns less than it could only at the end.
  if (length < buffer.length) return decoder.decode(buffer.subarray(0, length));
  const pieces = [buffer.slice()];
  while (length > 0) {
    length = file.readSync(buffer) ?? 0;
    total += length;
    refuseTooLong(total, { path, maxBytes });
    pieces.push(buffer.slice(0, length));
  }
  return decoder.decode(concatBytes(pieces));
}

function refuseTooLong(
  total: number,
  { path, maxBytes }: { readonly path: string; readonly maxBytes: number },
): void {
  if (total <= maxBytes) return;
  throw new OversizeError(`read ${path}: more than ${maxBytes} bytes`);
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
