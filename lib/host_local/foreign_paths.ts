/** Paths in a configuration that only the caller's own process can resolve. Pure. @module */

import { parseDocument } from "../cni/network_config.ts";

/**
 * Returns why another process than the caller's cannot run a command with this configuration: it
 * has a path that begins in the working directory. Undefined if it can, or the plugin refuses the
 * configuration.
 */
export function relativePathIn(stdin: string): string | undefined {
  try {
    const ipam = parseDocument(stdin).object("ipam");
    for (const key of ["dataDir", "resolvConf"]) {
      const path = ipam?.value(key);
      if (typeof path === "string" && path !== "" && !path.startsWith("/")) {
        return `${key} is relative`;
      }
    }
  } catch {
    // The plugin finds the same, and says what is wrong.
  }
  return undefined;
}
