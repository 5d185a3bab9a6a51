/** The metadata of a file (statx(2)). @module */

import type { Descriptor } from "./descriptor.ts";
import { checked } from "./errno.ts";
import { cString, libc, pinnedBytes } from "./libc.ts";

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
/** `struct statx`, the same on every machine. */
const STATX_BYTES = 256;
const MODE_OFFSET = 28;
const INODE_OFFSET = 32;
const SIZE_OFFSET = 40;
const DEV_MAJOR_OFFSET = 136;
const DEV_MINOR_OFFSET = 140;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/** What distinguishes a file, and what it is. */
export interface FileStatus {
  /** File system, as `major:minor`. */
  readonly device: string;
  /** Inode number, in decimal. */
  readonly inode: string;
  readonly isRegular: boolean;
  /** Size in bytes. */
  readonly size: number;
}

/**
 * Reads the metadata of an open file.
 *
 * @param path The path that it was opened by, for error messages.
 * @throws {SyscallError} as statx(2) fails.
 */
export function statusOf({ fd }: Descriptor, path: string): FileStatus {
  return statx(fd, "", AT_EMPTY_PATH, path);
}

/** Reads the metadata of a file; follows links. @throws {SyscallError} as statx(2) fails. */
export function statusAt(path: string): FileStatus {
  return statx(AT_FDCWD, path, 0, path);
}

function statx(
  fd: number,
  path: string,
  flags: number,
  subject: string,
): FileStatus {
  const bytes = pinnedBytes(STATX_BYTES);
  const result = libc().statx(
    fd,
    cString(path),
    flags,
    STATX_BASIC_STATS,
    bytes,
  );
  checked(result, "statx", subject);
  const view = new DataView(bytes.buffer);
  const major = view.getUint32(DEV_MAJOR_OFFSET, true);
  const minor = view.getUint32(DEV_MINOR_OFFSET, true);
  return {
    device: `${major}:${minor}`,
    inode: String(view.getBigUint64(INODE_OFFSET, true)),
    isRegular: (view.getUint16(MODE_OFFSET, true) & S_IFMT) === S_IFREG,
    size: Number(view.getBigUint64(SIZE_OFFSET, true)),
  };
}
