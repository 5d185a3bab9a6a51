/** VERSION, the call that needs almost nothing of a plugin. @module */

import { versionDocument } from "../cni/version_document.ts";
import { writeStdout } from "./stdout.ts";

/**
 * Answers the call if it is VERSION.
 *
 * @returns False if it is another, or if anything fails: the plugin then reports it.
 */
export function answerVersion(): boolean {
  try {
    if (Deno.env.get("CNI_COMMAND") !== "VERSION") return false;
    writeStdout(versionDocument());
    return true;
  } catch {
    return false; // The plugin fails in the same way, and says why.
  }
}
