/** Facts about packages whose build takes little time. @module */

import {
  type PackageFacts,
  type Plugin,
  unitNames,
} from "../../tools/package/package_files.ts";

const DATE_SECONDS = 1_700_000_000;

/** Facts with small executables: what a package does with them does not depend on their content. */
export async function smallFacts(
  folder: string,
  plugin: Plugin,
): Promise<PackageFacts> {
  const executables = {
    plugin: `${folder}/${plugin}`,
    launcher: `${folder}/cni-launcher`,
  };
  for (const path of Object.values(executables)) {
    await Deno.writeTextFile(path, "#!/bin/sh\n");
  }
  return {
    plugin,
    executables,
    target: "x86_64-unknown-linux-gnu",
    version: "1.2.3",
    units: unitNames(plugin),
    dateSeconds: DATE_SECONDS,
  };
}
