/** What Deno's runtime consists of. @module */

import type { Compiler } from "../build/compiler.ts";
import { capture } from "../process.ts";

/** A library in the runtime. */
export interface Library {
  readonly name: string;
  readonly version: string;
}

/** The libraries in a runtime that scanners look for, and the Rust crates. */
export interface RuntimeContents {
  readonly v8: string;
  readonly icu: string;
  readonly sqlite: string;
  readonly crates: readonly Library[];
}

/** The folder of a crate's sources, which the runtime names in the messages of errors. */
const CRATE =
  /\/registry\/src\/[\w.-]+\/([A-Za-z0-9_-]+?)-(\d+\.\d+\.\d+(?:[-+][A-Za-z0-9.+-]+)?)\//g;

/** Prints the versions of the libraries as JSON. */
const VERSIONS = `
  import { DatabaseSync } from "node:sqlite";
  const database = new DatabaseSync(":memory:");
  const { sqlite } = database.prepare("select sqlite_version() as sqlite").get();
  const { v8, icu } = process.versions;
  console.log(JSON.stringify({ v8, icu, sqlite }));
`;

/** Returns the contents of the runtime of a compiler, whose CLI has the same libraries. */
export async function runtimeContents(
  { deno, runtime }: Compiler,
): Promise<RuntimeContents> {
  const versions: Omit<RuntimeContents, "crates"> = JSON.parse(
    await capture([deno, "eval", VERSIONS], {
      env: { NO_COLOR: "1" },
    }),
  );
  return {
    ...versions,
    crates: cratesIn(await Deno.readFile(runtime.path)),
  };
}

/** Returns the crates that an executable names, sorted, each version once. */
export function cratesIn(executable: Uint8Array): readonly Library[] {
  // One character per byte; a crate's name and version are ASCII.
  const text = new TextDecoder("latin1").decode(executable);
  const found = new Map<string, Library>();
  for (const [, name = "", version = ""] of text.matchAll(CRATE)) {
    found.set(`${name} ${version}`, { name, version });
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([, library]) => library);
}

/** Returns the list of crates as a text. */
export function crateList(
  denoVersion: string,
  crates: readonly Library[],
): string {
  return [
    `The Rust crates that the runtime of Deno ${denoVersion} names.`,
    "Each is described, with its license, at https://crates.io/crates/<name>/<version>.",
    "",
    ...crates.map(({ name, version }) => `${name} ${version}`),
    "",
  ].join("\n");
}
