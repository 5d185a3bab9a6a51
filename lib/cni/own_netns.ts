/** Paths that name the network namespace of the process that opens them. Pure. @module */

import { cleanPath } from "../base/path.ts";
import { CniError, CniErrorCode } from "./error.ts";

/**
 * Returns whether `path` is a path under /proc that names the namespace of process `pid` itself.
 *
 * Other paths of the same namespace (a bind mount, another process that shares it) are not
 * recognized: that would require reading /proc, which the plugin's permissions do not allow.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isOwnNetns("/proc/self/ns/net", 4711), true);
 * assertEquals(isOwnNetns("/proc/4711/ns/net", 4711), true);
 * assertEquals(isOwnNetns("/var/run/netns/c1", 4711), false);
 * ```
 */
export function isOwnNetns(path: string, pid: number): boolean {
  const [empty, root, process, ...inside] = cleanPath(path).split("/");
  if (empty !== "" || root !== "proc" || process === undefined) return false;
  const own = new Set(["self", "thread-self", String(pid)]);
  if (!own.has(process)) return false;
  const [task, thread, ...insideTask] = inside;
  const tail = task === "task" && thread !== undefined ? insideTask : inside;
  return tail.join("/") === "ns/net";
}

/**
 * Checks that CNI_NETNS does not name the plugin's own namespace.
 *
 * @throws {CniError} code 8 if it does, and CNI_NETNS_OVERRIDE does not allow it.
 */
export function refuseOwnNetns(
  { netns, netnsOverride }: {
    readonly netns: string;
    readonly netnsOverride: boolean;
  },
  pid: number,
): void {
  if (netnsOverride || !isOwnNetns(netns, pid)) return;
  throw new CniError(
    CniErrorCode.invalidNetns,
    "plugin's netns and netns from CNI_NETNS should not be the same",
    {
      details: `CNI_NETNS is ${
        JSON.stringify(netns)
      }; set CNI_NETNS_OVERRIDE=1 if that is intended`,
    },
  );
}
