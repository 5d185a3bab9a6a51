/** Reading files whose paths other users may be able to change. @module */

import { SystemError } from "../base/errors.ts";
import { Descriptor } from "./descriptor.ts";
import { checked, isErrno } from "./errno.ts";
import { statusOf } from "./file_status.ts";
import { cString, libc, pinnedBytes } from "./libc.ts";

/** O_RDONLY, O_NOCTTY, O_NONBLOCK and O_CLOEXEC. */
const O_FLAGS = 0x100 | 0x800 | 0x80000;
/** The only one of these flags that differs by machine. */
const O_NOFOLLOW = Deno.build.arch === "x86_64" ? 0x20000 : 0x8000;

/** How to read a file. */
export interface ReadOptions {
  readonly maxBytes: number;
  /** Whether the last part of the path may be a symbolic link. */
  readonly followsLink: boolean;
}

/**
 * Reads the text of a regular file. The file is opened once and checked then, so it does not matter
 * if the path leads elsewhere a moment later. Opening it never blocks.
 *
 * @throws {SyscallError} if it cannot be opened or read.
 * @throws {SystemError} if it is not a regular file, or too large.
 */
export function readRegularFile(
  path: string,
  { maxBytes, followsLink }: ReadOptions,
): string {
  using file = openFile(path, followsLink);
  const { isRegular, size } = statusOf(file, path);
  if (!isRegular) throw new SystemError("not a regular file");
  if (size > maxBytes) throw new SystemError(`larger than ${maxBytes} bytes`);
  return new TextDecoder().decode(readAll(file, path, size));
}

function openFile(path: string, followsLink: boolean): Descriptor {
  const flags = followsLink ? O_FLAGS : O_FLAGS | O_NOFOLLOW;
  try {
    const result = libc().open(cString(path), flags);
    return new Descriptor(checked(result, "open", path));
  } catch (error) {
    // ELOOP: a link. ENXIO: a socket.
    if (!isErrno(error, "ELOOP", "ENXIO")) throw error;
    throw new SystemError("not a regular file", { cause: error });
  }
}

function readAll({ fd }: Descriptor, path: string, size: number): Uint8Array {
  // One more than the file has, to notice that it has grown.
  const buffer = pinnedBytes(size + 1);
  let length = 0;
  while (length <= size) {
    const rest = buffer.subarray(length);
    const result = libc().read(fd, rest, BigInt(rest.length));
    const count = checked(result, "read", path);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
  }
  throw new SystemError("changed while it was read");
}
