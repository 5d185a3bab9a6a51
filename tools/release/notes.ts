/** The notes of a release. @module */

/**
 * The section of the changelog about a version, without its heading.
 *
 * @throws {Error} if there is none, or nothing in it.
 */
export function notesOf(version: string, changelog: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) =>
    text.split(/[\s\]]/)[0]?.replace("[", "") === version
  );
  const notes = section?.slice(section.indexOf("\n")).trim();
  if (!notes) {
    throw new Error(
      `Cannot release "${version}": CHANGELOG.md says nothing about it`,
    );
  }
  return `${notes}\n`;
}
