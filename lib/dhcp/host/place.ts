/** What the daemon shares with the callers of its socket. @module */

import type { DaemonFlags } from "../daemon/flags.ts";
import type { Place } from "../resident/not_mine.ts";

/** @param socketPath The path of the daemon's socket, with the prefix. */
export function placeOf(
  socketPath: string,
  { hostPrefix }: Pick<DaemonFlags, "hostPrefix">,
): Place {
  return {
    // A service manager may pass a socket whose path has no prefix.
    socketPath: socketPath.startsWith(hostPrefix)
      ? socketPath.slice(hostPrefix.length)
      : socketPath,
    root: directoryAt(`${hostPrefix}/`),
  };
}

function directoryAt(path: string): Place["root"] {
  try {
    const { dev, ino } = Deno.statSync(path);
    return ino === null ? undefined : { device: dev, inode: ino };
  } catch {
    // Without it the standalone executable runs every call.
    return undefined;
  }
}
