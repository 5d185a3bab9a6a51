/** The text of the documents on stdout, byte for byte as upstream prints them. Pure. @module */

const ESCAPED: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/**
 * Formats JSON with four spaces per level, keys in the order given, `< > &` and U+2028/2029
 * escaped, and no line feed at the end.
 */
export function formatDocument(value: unknown): string {
  // JSON has these characters only inside strings, so the whole text can be searched.
  return JSON.stringify(value, undefined, 4)
    .replace(
      /[<>&\u2028\u2029]/g,
      (character) => ESCAPED[character] ?? character,
    );
}
