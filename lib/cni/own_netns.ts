/** Which paths can only name the network namespace of the process that opens them. Pure. @module */

import { CniError, CniErrorCode } from "./error.ts";

/** Resolves `.`, `..` and repeated slashes of an absolute path without looking at any file. */
function cleanSegments(path: string): string[] {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return segments;
}

/**
 * Whether `path` is a form under /proc that is the namespace of process `pid` itself.
 *
 * Other names of the same namespace (a bind mount, another process that shares it) are not recognised: that takes a
 * look into /proc, which the plugin's permissions do not allow.
 */
export function isOwnNetns(path: string, pid: number): boolean {
  if (!path.startsWith("/")) return false;
  const [root, ...rest] = cleanSegments(path);
  if (root !== "proc") return false;
  const own = new Set(["self", "thread-self", String(pid)]);
  const [process, ...inside] = rest;
  if (process === undefined || !own.has(process)) return false;
  const [task, thread, ...insideTask] = inside;
  const tail = task === "task" && thread !== undefined ? insideTask : inside;
  return tail.join("/") === "ns/net";
}

/** @throws {CniError} code 8 if `netns` is the plugin's own namespace and the caller did not allow that. */
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
    `CNI_NETNS is ${
      JSON.stringify(netns)
    }; set CNI_NETNS_OVERRIDE=1 if that is meant`,
  );
}
