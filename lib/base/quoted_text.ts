/** Text from elsewhere in a line: nothing in it is obeyed by a terminal. Pure. @module */

/**
 * Controls (C0, DEL, C1), format characters (such as those that reverse the direction of text) and
 * the separators of lines and paragraphs. `JSON.stringify` escapes the first 32 of them only.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Escapes every invisible character, in the notation of JSON.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escapedText("no\x7f\u202e!"), "no\\u007f\\u202e!");
 * ```
 */
export function escapedText(text: string): string {
  return text.replace(INVISIBLE, escapeCharacter);
}

/**
 * Quotes text as a JSON string in which every invisible character is escaped.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quotedText('say "no"'), '"say \\"no\\""');
 * assertEquals(quotedText("\u{9b}2J"), '"\\u009b2J"');
 * ```
 */
export function quotedText(text: string): string {
  return escapedText(JSON.stringify(text));
}

/** Escapes one character, in two parts if it is beyond U+FFFF. */
function escapeCharacter(character: string): string {
  return character.split("").map((unit) =>
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  ).join("");
}

/**
 * Returns at most `max` characters of a text, with "..." instead of the rest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shortened("refused", 3), "ref...");
 * assertEquals(shortened("refused", 7), "refused");
 * ```
 */
export function shortened(text: string, max: number): string {
  // Two units make the longest character.
  const [...characters] = text.slice(0, 2 * max + 2);
  return characters.length <= max
    ? text
    : `${characters.slice(0, max).join("")}...`;
}
