/** The files of this repository, and what Deno reports about its modules. @module */

import { walkSync } from "@std/fs/walk";
import { REPO_ROOT } from "../support/binaries.ts";
import { TempDir } from "../support/temp_dir.ts";
import type { Import } from "./layers.ts";
import type { ModuleDocs } from "./text_rules.ts";

/** Returns the paths of the modules under lib/, sorted. */
export function libModules(): string[] {
  return filesIn("lib").filter((path) => path.endsWith(".ts"));
}

/** Returns the paths of the files in a folder, or the path of a file itself, sorted. */
export function filesIn(path: string): string[] {
  if (Deno.statSync(`${REPO_ROOT}/${path}`).isFile) return [path];
  return [...walkSync(`${REPO_ROOT}/${path}`, { includeDirs: false })]
    .map(({ path }) => fromTop(path))
    .sort();
}

/** Reads the text of a file. */
export function textOf(path: string): string {
  return Deno.readTextFileSync(`${REPO_ROOT}/${path}`);
}

/** Returns the entry points: the files `main_*.ts`. */
export function entryPoints(): string[] {
  return [...Deno.readDirSync(REPO_ROOT)]
    .map(({ name }) => name)
    .filter((name) => /^main_\w+\.ts$/.test(name))
    .sort();
}

/** Returns the imports of the modules, and of the modules that they reach. */
export function importsOf(modules: readonly string[]): Import[] {
  using dir = new TempDir();
  // `deno info` accepts only one root.
  const root = dir.join("root.ts");
  Deno.writeTextFileSync(
    root,
    modules.map((path) => `import "${fileUrl(path)}";`).join("\n"),
  );
  const graph = JSON.parse(
    deno("info", "--json", "--config", `${REPO_ROOT}/deno.json`, root),
  ) as {
    readonly modules: readonly {
      readonly specifier: string;
      readonly dependencies?: readonly {
        readonly code?: { readonly specifier: string };
        readonly type?: { readonly specifier: string };
      }[];
    }[];
  };
  return graph.modules
    .filter(({ specifier }) => specifier.startsWith(fileUrl("")))
    .flatMap(({ specifier, dependencies = [] }) =>
      dependencies.flatMap(({ code, type }) => {
        const to = (code ?? type)?.specifier;
        if (to === undefined) return [];
        return [{
          from: fromTop(specifier),
          to: fromTop(to),
          typeOnly: code === undefined,
        }];
      })
    );
}

/** Returns the documentation of each module, by path. */
export function docsOf(modules: readonly string[]): Map<string, ModuleDocs> {
  const { nodes } = JSON.parse(deno("doc", "--json", ...modules)) as {
    readonly nodes: Readonly<Record<string, ModuleDocs>>;
  };
  return new Map(
    Object.entries(nodes).map(([url, docs]) => [fromTop(url), docs]),
  );
}

function deno(...args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: REPO_ROOT,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).outputSync();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`Cannot run deno ${args[0]}: ${decoder.decode(stderr)}`);
  }
  return decoder.decode(stdout);
}

function fileUrl(path: string): string {
  return `file://${REPO_ROOT}/${path}`;
}

function fromTop(pathOrUrl: string): string {
  return pathOrUrl.replace("file://", "").replace(`${REPO_ROOT}/`, "");
}
