/** Bytes as hexadecimal text. Pure. @module */

/** Formats two lower-case digits per byte, with `separator` between bytes. */
export function formatHex(bytes: Uint8Array, separator = ""): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join(separator);
}

/**
 * Parses two hexadecimal digits per byte. Either `:` between all bytes is allowed, or `-`, or no
 * separator. Empty text is zero bytes.
 *
 * @returns Undefined if `text` is not hexadecimal.
 */
export function parseHex(text: string): Uint8Array | undefined {
  if (text === "") return new Uint8Array();
  const separator = text[2] === ":" || text[2] === "-" ? text[2] : "";
  const pairs = separator === ""
    ? (text.match(/../g) ?? [])
    : text.split(separator);
  const isWhole = separator !== "" || text.length % 2 === 0;
  return isWhole && pairs.every((pair) => /^[0-9a-fA-F]{2}$/.test(pair))
    ? Uint8Array.from(pairs, (pair) => parseInt(pair, 16))
    : undefined;
}
