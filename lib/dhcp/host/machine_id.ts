/** What makes this machine and this moment different from any other: ids, digests, random numbers. @module */

import { parseHex } from "../../base/hex.ts";
import type { Digest } from "../daemon/ports.ts";
import { readKernelFile } from "../../linux/kernel_file.ts";

const MACHINE_ID = "/etc/machine-id";
const BOOT_ID = "/proc/sys/kernel/random/boot_id";
/** The machine's id itself is for the machine alone (machine-id(5)): what leaves it is a digest. */
const PURPOSE = "cni dhcp ipam duid";

/** Loads SHA-256 of the kind that need not be waited for. */
export async function loadSha256(): Promise<Digest> {
  // Not among the imports above: those of a bundle are loaded whether they are used or not.
  const { createHash } = await import("node:crypto");
  return (bytes) => createHash("sha256").update(bytes).digest();
}

/** An unpredictable unsigned number of 32 bits. */
export function randomU32(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value;
}

/** Another text after each start of the machine. */
export function readBootId(): string {
  return readKernelFile(BOOT_ID).trim();
}

/**
 * 16 bytes that stay the same for the life of the machine, made of its machine-id(5).
 *
 * @param hostPrefix Where the files of the host are, if those here are a container's.
 * @returns Undefined if the machine has no id.
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

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
