/** Packages of the compiled plugins. @module */

import { hostTarget } from "../../tools/build/target.ts";
import {
  type PackageFacts,
  type Plugin,
  unitNames,
} from "../../tools/package/package_files.ts";
import { DHCP_BIN, LAUNCHER_BIN, OURS } from "../support/binaries.ts";

/** Returns the facts about a package in a version of the test's own. */
export function packageFacts(plugin: Plugin, version: string): PackageFacts {
  return {
    plugin,
    version,
    target: hostTarget(),
    executables: {
      plugin: plugin === "dhcp" ? DHCP_BIN : OURS,
      launcher: LAUNCHER_BIN,
    },
    units: unitNames(plugin),
    dateSeconds: 1_700_000_000,
  };
}
