/** The deliberate differences from upstream that the documentation lists. @module */

import { REPO_ROOT } from "./binaries.ts";

/** Returns the ids in the first column of the tables in docs/differences.md. */
export async function deliberateDifferences(): Promise<Set<string>> {
  const text = await Deno.readTextFile(`${REPO_ROOT}/docs/differences.md`);
  const rows = text.matchAll(/^\| `([a-z][a-z0-9-]*)` *\|/gm);
  return new Set([...rows].map(([, id = ""]) => id));
}
