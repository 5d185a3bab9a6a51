/** Literal bytes for tests. @module */

import { parseHex } from "../../lib/base/hex.ts";

/** Parses hexadecimal text; white space and `// comments` are ignored. */
export function hex(text: string): Uint8Array {
  const bytes = parseHex(text.replace(/\/\/.*$/gm, "").replace(/\s/g, ""));
  if (bytes === undefined) throw new Error(`not hexadecimal: ${text}`);
  return bytes;
}

/** Encodes ASCII text. */
export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
