/** Paths as text. Pure: does not access the file system. @module */

/**
 * Returns the shortest equivalent path, as Go's `path.Clean` does: without `.`, without `..` except
 * at the start of a relative path, without repeated or trailing slashes. Empty text becomes `.`.
 * Symbolic links are not resolved.
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
