/** The text form of every document on stdout, byte for byte upstream's. Pure. @module */

const ESCAPED: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** JSON with four spaces a level, keys in the order given, `< > &` and U+2028/2029 escaped, no line feed at the end. */
export function formatDocument(value: unknown): string {
  // Outside strings JSON has none of these characters, so the finished text can be searched.
  return JSON.stringify(value, undefined, 4)
    .replace(
      /[<>&\u2028\u2029]/g,
      (character) => ESCAPED[character] ?? character,
    );
}
