/** Hardware (MAC) addresses of a link. Pure. @module */

import { formatHex } from "../base/hex.ts";

/**
 * Formats a hardware address in lower case with colons, as `ip link` does.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatMacAddress(Uint8Array.of(2, 0, 0x5e, 16, 0, 1)), "02:00:5e:10:00:01");
 * ```
 *
 * @param address Any number of bytes; InfiniBand has 20 (RFC 4391).
 */
export function formatMacAddress(address: Uint8Array): string {
  return formatHex(address, ":");
}
