/** The programs that make the executables, for the SBOM. @module */

import lock from "../../.ci/package-lock.json" with { type: "json" };
import { ESBUILD } from "../build/pins.ts";
import { TARGETS } from "../build/target.ts";

/** The npm packages with Deno's CLI in `.ci/package-lock.json`. */
const CLI_PACKAGES = [
  "@deno/linux-x64-glibc",
  "@deno/linux-arm64-glibc",
] as const;

/**
 * Returns the npm packages of Deno's CLI and of esbuild, `name@version` to integrity. They are
 * those for each machine that can build a release, so the SBOM does not depend on the machine.
 */
export function buildTools(): Record<string, { readonly integrity: string }> {
  const tools: Record<string, { readonly integrity: string }> = {};
  for (const name of CLI_PACKAGES) {
    const { version, integrity } = lock.packages[`node_modules/${name}`];
    tools[`${name}@${version}`] = { integrity };
  }
  for (const target of TARGETS) {
    const { npmPackage, integrity } = ESBUILD[target];
    tools[npmPackage] = { integrity: `sha512-${integrity}` };
  }
  return tools;
}
