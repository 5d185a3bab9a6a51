/** CNI_NETNS as the daemon needs it. Pure. @module */

import { cleanPath } from "../../base/path.ts";
import type { Request } from "../../cni/plugin.ts";
import type { PluginPorts } from "./ports.ts";

/** Returns CNI_NETNS as an absolute path: the daemon has another working directory. */
export function absoluteNetns(
  { invocation: { netns } }: Request,
  { workingDirectory }: PluginPorts,
): string {
  return cleanPath(
    netns.startsWith("/") ? netns : `${workingDirectory()}/${netns}`,
  );
}
