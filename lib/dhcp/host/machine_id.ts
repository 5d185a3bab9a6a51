/** The id of the machine (machine-id(5)). @module */

import { SystemError } from "../../base/errors.ts";
import { parseHex } from "../../base/hex.ts";
import { isErrno } from "../../linux/errno.ts";
import { readRegularFile } from "../../linux/regular_file.ts";
import type { Digest } from "../daemon/ports.ts";

const MACHINE_ID = "/etc/machine-id";
/** 32 digits and a line feed, with room for white space. */
const MAX_BYTES = 1024;
/**
 * The machine's own id is confidential (machine-id(5)): only a digest of it may leave the machine.
 */
const PURPOSE = "cni dhcp ipam duid";

/**
 * Returns 16 bytes that stay the same for the life of the machine, derived from its machine-id(5).
 *
 * @param hostPrefix Prefix of the host's files, if the daemon runs in a container.
 * @returns Undefined if the machine has no id.
 * @throws {SystemError} if the file is not a regular file, or cannot be read.
 */
export function readMachineId(
  hostPrefix: string,
  digest: Digest,
): Uint8Array | undefined {
  for (const path of [`${hostPrefix}${MACHINE_ID}`, MACHINE_ID]) {
    const id = parseHex(readOrEmpty(path).trim());
    if (id?.length !== 16) continue;
    const purpose = new TextEncoder().encode(PURPOSE);
    return digest(Uint8Array.of(...purpose, ...id)).subarray(0, 16);
  }
  return undefined;
}

/** @throws {SystemError} if there is a file that cannot be read. */
function readOrEmpty(path: string): string {
  try {
    return readRegularFile(path, { maxBytes: MAX_BYTES, followsLink: true });
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return "";
    if (!(error instanceof SystemError)) throw error;
    const message = `cannot read ${path}: ${error.message}`;
    throw new SystemError(message, { cause: error });
  }
}
