/** Literal bytes for tests. @module */

import { parseHex } from "../../lib/base/hex.ts";

/** Bytes from hexadecimal text; white space and `// comments` are left out. */
export function hex(text: string): Uint8Array {
  const bytes = parseHex(text.replace(/\/\/.*$/gm, "").replace(/\s/g, ""));
  if (bytes === undefined) throw new Error(`not hexadecimal: ${text}`);
  return bytes;
}

/** Bytes of ASCII text. */
export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
