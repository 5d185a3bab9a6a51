/** Numbers with their nouns. Pure. @module */

/**
 * Returns a number with its noun.
 *
 * @param noun Its plural ends in `s`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(counted(1, "file"), "1 file");
 * assertEquals(counted(2, "file"), "2 files");
 * ```
 */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
