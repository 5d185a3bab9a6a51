/** Paths as text. Pure: no file is looked at. @module */

/**
 * The shortest path that names the same place as long as no link is involved: no `.`, no `..` but at the start of a
 * relative path, no repeated or final slash. Empty text becomes `.`.
 */
export function cleanPath(path: string): string {
  const isAbsolute = path.startsWith("/");
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    const isParent = segment === "..";
    if (isParent && segments.length > 0 && segments.at(-1) !== "..") {
      segments.pop();
    } else if (!isParent || !isAbsolute) {
      segments.push(segment);
    }
  }
  const joined = segments.join("/");
  return isAbsolute ? `/${joined}` : joined === "" ? "." : joined;
}
