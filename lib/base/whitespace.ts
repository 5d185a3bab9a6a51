/** White space as Unicode and upstream's language define it; JavaScript's own set differs. @module */

const WHITE_SPACE =
  "\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const ANY = new RegExp(`[${WHITE_SPACE}]`, "u");
const RUN = new RegExp(`[${WHITE_SPACE}]+`, "u");
const ENDS = new RegExp(`^[${WHITE_SPACE}]+|[${WHITE_SPACE}]+$`, "gu");

/** Whether `text` holds at least one white space character. */
export function hasWhiteSpace(text: string): boolean {
  return ANY.test(text);
}

/** `text` without the white space at its two ends. */
export function trimWhiteSpace(text: string): string {
  return text.replace(ENDS, "");
}

/** The words of `text`, in order; none for text that is only white space. */
export function splitWords(text: string): string[] {
  return text.split(RUN).filter((word) => word !== "");
}
