/** The id of the current boot. @module */

import { readKernelFile } from "../../linux/kernel_file.ts";

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** Returns a text that differs after each boot of the machine (random(4)). */
export function readBootId(): string {
  return readKernelFile(BOOT_ID).trim();
}
