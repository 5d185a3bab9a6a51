/** The function in use, typed as in jsr:@std/fs. @module */

/** An entry of a directory, with its path. */
export interface WalkEntry extends Deno.DirEntry {
  path: string;
}

/** Which entries to return. */
export interface WalkOptions {
  includeDirs?: boolean;
  exts?: string[];
}

export function walkSync(
  root: string | URL,
  options?: WalkOptions,
): IterableIterator<WalkEntry>;
