/** The answer to VERSION (SPEC section 2, "VERSION"). Pure. @module */

import { CURRENT_VERSION, SUPPORTED_VERSIONS } from "./spec_version.ts";

/**
 * Returns the document that VERSION prints.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(JSON.parse(versionDocument()).cniVersion, "1.1.0");
 * ```
 */
export function versionDocument(): string {
  return `${
    JSON.stringify({
      cniVersion: CURRENT_VERSION,
      supportedVersions: SUPPORTED_VERSIONS,
    })
  }\n`;
}
