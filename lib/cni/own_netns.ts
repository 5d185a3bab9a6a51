/** Which paths can only name the network namespace of the process that opens them. Pure. @module */

import { cleanPath } from "../base/path.ts";
import { CniError, CniErrorCode } from "./error.ts";

/**
 * Whether `path` is a form under /proc that is the namespace of process `pid` itself.
 *
 * Other names of the same namespace (a bind mount, another process that shares it) are not recognised: that takes a
 * look into /proc, which the plugin's permissions do not allow.
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
    {
      details: `CNI_NETNS is ${
        JSON.stringify(netns)
      }; set CNI_NETNS_OVERRIDE=1 if that is meant`,
    },
  );
}
