/** What tests compare of a directory before and after a command. @module */

/** Returns everything about the files of a directory that a command could change. */
export function treeOf(path: string): Record<string, unknown> {
  const facts = (name: string): unknown => {
    const { mode, size, mtime, ctime, ino, isFile } = Deno.lstatSync(
      `${path}/${name}`,
    );
    const text = isFile ? Deno.readTextFileSync(`${path}/${name}`) : "";
    return { mode, size, mtime, ctime, ino, text };
  };
  const names = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  return {
    ...Object.fromEntries(names.map((name) => [name, facts(name)])),
    ".": facts("."),
  };
}

/** Returns the names in a directory, sorted. */
export function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}
