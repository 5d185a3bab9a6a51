/** Writes, reads and compares the file trees of conformance cases. @module */

import type { Changes, Tree } from "./case_format.ts";
import { isSame } from "./merge_patch.ts";

/** An entry of a directory. */
export interface Found {
  readonly type: "file" | "directory" | "symlink";
  /** The content of a file, the target of a symbolic link, empty for a directory. */
  readonly text: string;
  /** Octal permission bits, such as "0600". */
  readonly mode: string;
}

/**
 * Creates the entries of `tree` below `root`. Default modes: 0600 for files, 0755 for directories.
 */
export async function writeTree(root: string, tree: Tree): Promise<void> {
  for (const [name, entry] of Object.entries(tree)) {
    const path = `${root}/${name}`;
    await Deno.mkdir(parentOf(path), { recursive: true });
    const { type = "file", content = "", target = "", mode, mtime } =
      typeof entry === "string" ? { content: entry } : entry;
    if (type === "symlink") {
      await Deno.symlink(target, path);
      continue;
    }
    if (type === "directory") await Deno.mkdir(path, { recursive: true });
    else await Deno.writeTextFile(path, content);
    await Deno.chmod(
      path,
      parseInt(mode ?? (type === "directory" ? "0755" : "0600"), 8),
    );
    if (mtime !== undefined) {
      await Deno.utime(path, new Date(mtime), new Date(mtime));
    }
  }
}

/** Reads every entry below `root`, by relative path. Does not follow symbolic links. */
export async function readTree(root: string): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  const visit = async (directory: string): Promise<void> => {
    for await (const { name } of Deno.readDir(`${root}/${directory}`)) {
      const relative = directory === "" ? name : `${directory}/${name}`;
      const path = `${root}/${relative}`;
      const info = await Deno.lstat(path);
      const mode = ((info.mode ?? 0) & 0o7777).toString(8).padStart(4, "0");
      if (info.isDirectory) {
        found.set(relative, { type: "directory", text: "", mode });
        await visit(relative);
      } else if (info.isSymlink) {
        found.set(relative, {
          type: "symlink",
          text: await Deno.readLink(path),
          mode,
        });
      } else {
        found.set(relative, {
          type: "file",
          text: await Deno.readTextFile(path),
          mode,
        });
      }
    }
  };
  await visit("");
  return found;
}

/**
 * Returns `tree` with the changes applied.
 *
 * @throws {RangeError} if one of them changes nothing.
 */
export function applyChanges(tree: Tree, changes: Changes): Tree {
  const changed = { ...tree };
  for (const [path, entry] of Object.entries(changes)) {
    if (entry === null ? !(path in tree) : isSame(entry, tree[path])) {
      throw new RangeError(`"changes" changes nothing at "${path}"`);
    }
    if (entry === null) delete changed[path];
    else changed[path] = entry;
  }
  return changed;
}

/** Returns a line for each difference between the expected and the actual entries. */
export function compareTree(
  expected: Tree,
  actual: ReadonlyMap<string, Found>,
): string[] {
  const problems: string[] = [];
  for (const [name, entry] of Object.entries(expected)) {
    const { type = "file", content = "", pattern, target = "", mode } =
      typeof entry === "string" ? { content: entry } : entry;
    const text = type === "symlink" ? target : content;
    const found = actual.get(name);
    if (found === undefined) {
      problems.push(`${name}: missing`);
      continue;
    }
    if (found.type !== type) {
      problems.push(`${name}: is a ${found.type}, want a ${type}`);
    } else if (pattern !== undefined) {
      if (!new RegExp(pattern).test(found.text)) {
        problems.push(
          `${name}: holds ${JSON.stringify(found.text)}, want ${pattern}`,
        );
      }
    } else if (found.text !== text) {
      problems.push(
        `${name}: holds ${JSON.stringify(found.text)}, want ${
          JSON.stringify(text)
        }`,
      );
    }
    if (mode !== undefined && found.mode !== mode) {
      problems.push(`${name}: has mode ${found.mode}, want ${mode}`);
    }
  }
  const implied = new Set(Object.keys(expected).flatMap(ancestorsOf));
  for (const [name, found] of actual) {
    if (name in expected || implied.has(name)) continue;
    problems.push(`${name}: unexpected ${found.type}`);
  }
  return problems;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function ancestorsOf(name: string): string[] {
  const parts = name.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
