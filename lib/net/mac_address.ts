/** Hardware (MAC) addresses of a link. Pure. @module */

import { formatHex, parseHex } from "../base/hex.ts";

/** ARP hardware type of Ethernet, as used in `htype` (RFC 1700, "Hardware Type"). */
export const HTYPE_ETHERNET = 1;

/**
 * Parses `02:00:5e:10:00:01`, `02-00-...` or digits alone.
 *
 * @returns The address, 6 to 20 bytes (20 is InfiniBand, RFC 4391), or undefined if `text` is not one.
 */
export function parseMacAddress(text: string): Uint8Array | undefined {
  const bytes = parseHex(text);
  return bytes !== undefined && bytes.length >= 6 && bytes.length <= 20
    ? bytes
    : undefined;
}

/** Lower case with colons, as `ip link` shows it. */
export function formatMacAddress(address: Uint8Array): string {
  return formatHex(address, ":");
}
