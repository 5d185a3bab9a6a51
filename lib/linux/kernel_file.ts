/**
 * Small files under /proc and /sys, which Deno's sandbox does not let its own functions read.
 *
 * @module
 */

import { Descriptor } from "./descriptor.ts";
import { checked } from "./errno.ts";
import { cString, libc, pinnedBytes } from "./libc.ts";

const O_RDONLY_CLOEXEC = 0x80000;
const MAX_BYTES = 4096;

/**
 * Reads the text of the file at `path`, up to 4 KiB.
 *
 * @throws {SyscallError} if it cannot be opened or read.
 */
export function readKernelFile(path: string): string {
  using file = new Descriptor(
    checked(libc().open(cString(path), O_RDONLY_CLOEXEC), "open", path),
  );
  const buffer = pinnedBytes(MAX_BYTES);
  const length = checked(
    libc().read(file.fd, buffer, BigInt(buffer.length)),
    "read",
    path,
  );
  return new TextDecoder().decode(buffer.subarray(0, length));
}
