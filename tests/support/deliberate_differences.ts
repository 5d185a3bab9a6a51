/** The tables of deliberate differences from upstream, as the documentation has them. @module */

import { REPO_ROOT } from "./binaries.ts";

/** Where they stand: for all plugins and host-local, and for dhcp. */
const DOCUMENTS = ["ARCHITECTURE.md", "docs/dhcp.md"];

/** The ids in the first column of the tables "Deliberate differences". */
export async function deliberateDifferences(): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const name of DOCUMENTS) {
    const text = await Deno.readTextFile(`${REPO_ROOT}/${name}`);
    const section = text.split(/^#+ /m).find((part) =>
      /^(\d+[.)]? )?deliberate differences/i.test(part)
    ) ?? "";
    const rows = section.matchAll(/^\|\s*`?(?:D-)?([a-z0-9-]+)`?\s*\|/gm);
    for (const [, id = ""] of rows) {
      ids.add(id);
    }
  }
  return ids;
}
