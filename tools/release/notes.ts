/** The notes of a release. @module */

/**
 * Returns the section of the changelog about a version, without its heading.
 *
 * @throws {Error} if it is absent or empty.
 */
export function notesOf(version: string, changelog: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) =>
    text.split(/[\s\]]/)[0]?.replace("[", "") === version
  );
  const notes = section?.slice(section.indexOf("\n")).trim();
  if (!notes) {
    throw new Error(
      `Cannot release "${version}": CHANGELOG.md has no entry for it`,
    );
  }
  return `${notes}\n`;
}

/**
 * Makes the relative links of a text absolute: a release page resolves them against its own
 * address.
 *
 * @param base Where the files of the repository are, without a slash at the end.
 */
export function withAbsoluteLinks(text: string, base: string): string {
  return text.replaceAll(/\]\((?![a-z]+:|#)/g, `](${base}/`);
}
