/** The word of a list that a misspelled word probably stands for. Pure. @module */

/** A word with more differences is another word. */
const MAX_DISTANCE = 2;

/**
 * Returns the word of `known` that differs least from `word`, upper and lower case apart.
 *
 * @returns Undefined if each differs in more than two characters, or in half of the word.
 */
export function similarWord(
  word: string,
  known: readonly string[],
): string | undefined {
  const allowed = Math.min(MAX_DISTANCE, Math.floor(word.length / 2));
  const ranked = known
    .map((candidate) => ({
      candidate,
      distance: distanceOf(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Returns how many characters must be inserted, removed or replaced (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (b.charAt(j) === character ? 0 : 1);
      next.push(
        Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
