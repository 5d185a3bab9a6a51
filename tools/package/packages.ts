/** The packages of the release. @module */

import project from "../../deno.json" with { type: "json" };
import type { Built } from "../build/executables.ts";
import { hasUnit } from "../build/compiler.ts";
import { LAUNCHER } from "../build/launcher.ts";
import type { Target } from "../build/target.ts";
import { buildDeb, debName } from "./deb.ts";
import { type Plugin, unitNames } from "./package_files.ts";
import { buildRpm, rpmName } from "./rpm.ts";
import { sourceDateSeconds } from "./source_date.ts";

const PLUGINS: readonly Plugin[] = ["host-local", "dhcp"];

/** Returns the file names of the packages for a target. */
export function packageNames(target: Target): readonly string[] {
  return PLUGINS.flatMap((plugin) => {
    const facts = { plugin, target, version: project.version };
    return [debName(facts), rpmName(facts)];
  });
}

/** Builds the packages for a target in `folder`. */
export async function buildPackages(
  target: Target,
  { executables, compiler }: Built,
  folder: string,
): Promise<void> {
  const dateSeconds = await sourceDateSeconds();
  for (const plugin of PLUGINS) {
    const facts = {
      ...{ plugin, target, dateSeconds, version: project.version },
      executables: {
        plugin: executables[plugin],
        launcher: executables[LAUNCHER],
      },
      units: unitNames(plugin).filter((unit) => hasUnit(compiler, unit)),
    };
    await buildDeb(facts, folder);
    await buildRpm(facts, folder);
  }
}
