/** Which functions need a runnable example in their doc comment. @module */

import type { ModuleNames } from "./exports.ts";
import type { ModuleDocs } from "./text_rules.ts";

/**
 * The folders of lib/ whose functions other folders use like a library. `deno test --doc` runs
 * their examples (`tools/test.ts`).
 */
export const EXAMPLE_FOLDERS: readonly string[] = ["net", "cni", "dhcp/codec"];

/**
 * Returns the exported functions of these folders that another folder imports and that have no
 * `@example`, one line each.
 *
 * @param names Names by path.
 * @param docs Documentation by path.
 */
export function missingExamples(
  names: ReadonlyMap<string, ModuleNames>,
  docs: ReadonlyMap<string, ModuleDocs>,
): string[] {
  return EXAMPLE_FOLDERS.flatMap((folder) => {
    const prefix = `lib/${folder}/`;
    const imported = namesImportedFrom(prefix, names);
    return [...docs].filter(([path]) => path.startsWith(prefix))
      .flatMap(([path, { symbols }]) =>
        symbols
          .filter(({ name, declarations }) =>
            imported.has(`${path} ${name}`) &&
            declarations.some(({ kind }) => kind === "function") &&
            !declarations.some(({ jsDoc }) =>
              jsDoc?.tags?.some(({ kind }) => kind === "example")
            )
          )
          .map(({ name }) => `${path} exports ${name} without an @example`)
      );
  });
}

/** Returns `path name` for each name that a module outside of `prefix` imports from inside. */
function namesImportedFrom(
  prefix: string,
  modules: ReadonlyMap<string, ModuleNames>,
): Set<string> {
  const found = new Set<string>();
  for (const [path, { imports }] of modules) {
    if (path.startsWith(prefix)) continue;
    for (const [specifier, names] of imports) {
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      for (const name of names) found.add(`${target} ${name}`);
    }
  }
  return found;
}
