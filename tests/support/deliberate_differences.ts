/** The table of deliberate differences from upstream, as the documentation has it. @module */

import { REPO_ROOT } from "./binaries.ts";

/** The ids in the first column of the table "Deliberate differences" of ARCHITECTURE.md. */
export async function deliberateDifferences(): Promise<Set<string>> {
  const text = await Deno.readTextFile(`${REPO_ROOT}/ARCHITECTURE.md`);
  const section =
    text.split(/^#+ /m).find((part) =>
      /^(\d+[.)]? )?deliberate differences/i.test(part)
    ) ?? "";
  const rows = section.matchAll(/^\|\s*`?(?:D-)?([a-z0-9-]+)`?\s*\|/gm);
  return new Set([...rows].map(([, id = ""]) => id));
}
