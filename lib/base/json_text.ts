/** JSON text: parsing it with a limit for its depth. Pure. @module */

import { DecodeError } from "./errors.ts";

/**
 * How deep lists and objects may be nested. Functions that descend into a value need a stack frame
 * or more for each level.
 */
const MAX_DEPTH = 1000;

/**
 * Parses JSON text.
 *
 * @param at Where the text comes from, for the error.
 * @throws {DecodeError} if it is not JSON, or nested too deep, with Go's text for that.
 */
export function parseJson(text: string, at: string): unknown {
  if (isTooDeep(text)) throw new DecodeError("exceeded max depth", at);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DecodeError(
      reason.charAt(0).toLowerCase() + reason.slice(1),
      at,
      { cause },
    );
  }
}

function isTooDeep(text: string): boolean {
  // Few texts have so many brackets. The others need a look at each character.
  return hasMoreThan(MAX_DEPTH, text) && depthOf(text) > MAX_DEPTH;
}

/** Returns whether `text` has more than `count` brackets that open a list or an object. */
function hasMoreThan(count: number, text: string): boolean {
  let found = 0;
  for (const bracket of ["[", "{"]) {
    let at = text.indexOf(bracket);
    for (; at >= 0 && found <= count; found++) {
      at = text.indexOf(bracket, at + 1);
    }
  }
  return found > count;
}

/** Returns the depth of `text`, or the first depth above the limit. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length && deepest <= MAX_DEPTH; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      at = endOfString(text, at);
    } else if (character === "[" || character === "{") {
      depth++;
      deepest = Math.max(deepest, depth);
    } else if (character === "]" || character === "}") {
      depth--;
    }
  }
  return deepest;
}

/** Returns the index of the quote that ends the string at `start`, or of the end of the text. */
function endOfString(text: string, start: number): number {
  for (
    let at = text.indexOf('"', start + 1);
    at >= 0;
    at = text.indexOf('"', at + 1)
  ) {
    let backslashes = 0;
    while (text.charAt(at - 1 - backslashes) === "\\") backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
