/**
 * White space as Unicode defines it, and Go, upstream's language; JavaScript's own set differs.
 * Pure.
 *
 * @module
 */

const WHITE_SPACE =
  "\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const ANY = new RegExp(`[${WHITE_SPACE}]`, "u");
const RUN = new RegExp(`[${WHITE_SPACE}]+`, "u");

/** Returns whether `text` contains a white space character. */
export function hasWhiteSpace(text: string): boolean {
  return ANY.test(text);
}

/** Returns `text` without white space at its start and end. */
export function trimWhiteSpace(text: string): string {
  // A regular expression for the end would try every run of white space in between as well.
  let start = 0;
  let end = text.length;
  while (start < end && ANY.test(text.charAt(start))) start++;
  while (start < end && ANY.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Splits `text` at white space. Text that is only white space has no words. */
export function splitWords(text: string): string[] {
  return text.split(RUN).filter((word) => word !== "");
}
