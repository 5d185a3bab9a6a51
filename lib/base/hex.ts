/** Bytes as hexadecimal text. Pure. @module */

/** Two lower-case digits a byte, with `separator` between bytes. */
export function formatHex(bytes: Uint8Array, separator = ""): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join(separator);
}

/**
 * Parses hexadecimal digits, two a byte, with or without one `:` or `-` between bytes (the same one throughout).
 *
 * @returns The bytes, or undefined if `text` is anything else. Empty text is zero bytes.
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
