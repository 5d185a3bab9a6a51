/** How the content of two files of a release differs. @module */

/**
 * Returns a line about each difference.
 *
 * @param actual The hashes of the files in the published archive by name.
 * @param expected Those in the one that was built to compare.
 */
export function differences(
  actual: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
): string[] {
  const names = [...new Set([...actual.keys(), ...expected.keys()])].sort();
  const lines = names.flatMap((name) => {
    const hashes = [actual.get(name), expected.get(name)];
    if (hashes[0] === hashes[1]) return [];
    if (hashes[0] === undefined) return [`${name}: missing`];
    if (hashes[1] === undefined) return [`${name}: unexpected`];
    return [`${name}: SHA-256 ${hashes[0]}, expected ${hashes[1]}`];
  });
  return lines.length > 0
    ? lines
    : ["the files inside are the same; the archive is packed differently"];
}
