/** The capabilities of this process (capabilities(7)). @module */

import { checked } from "./errno.ts";
import { libc, pinnedBytes } from "./libc.ts";

/** `_LINUX_CAPABILITY_VERSION_3`: two sets of 32 bits. */
const VERSION = 0x20080522;
/** `struct { u32 version; int pid; }` */
const HEADER_BYTES = 8;
/** `struct { u32 effective; u32 permitted; u32 inheritable; }`, twice */
const DATA_BYTES = 24;
const SECOND_SET = 12;

/**
 * Returns the effective capabilities, as bits. In a user namespace they are those in that
 * namespace.
 *
 * @throws {SyscallError} as capget(2) fails.
 */
export function effectiveCapabilities(): bigint {
  const header = pinnedBytes(HEADER_BYTES);
  new DataView(header.buffer).setUint32(0, VERSION, true);
  const data = pinnedBytes(DATA_BYTES);
  checked(libc().capget(header, data), "capget");
  const view = new DataView(data.buffer);
  const low = view.getUint32(0, true);
  const high = view.getUint32(SECOND_SET, true);
  return (BigInt(high) << 32n) | BigInt(low);
}
