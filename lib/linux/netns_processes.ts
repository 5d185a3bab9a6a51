/** The processes in a network namespace, for a namespace whose path leads nowhere. @module */

import { isSameNetns, type NetnsIdentity } from "../net/netns_identity.ts";
import { bootTimeMs } from "./boottime_clock.ts";
import { SyscallError } from "./errno.ts";
import { statusAt } from "./file_status.ts";
import { cString, libc } from "./libc.ts";

/** `struct dirent { u64 ino; i64 off; u16 reclen; u8 type; char name[256]; }` */
const NAME_OFFSET = 19;
/** A scan takes some microseconds for each process. Scans take up 10 % of the time at most. */
const PAUSE_FACTOR = 9;
const MIN_PAUSE_MS = 100;

/** Finds processes by their network namespace. */
export class NetnsProcesses {
  /** The process that was found last, by namespace. */
  readonly #found = new Map<string, string>();
  #nextScanMs = -Infinity;

  /**
   * Returns the path of a namespace that a process is in, such as `/proc/123/ns/net`; undefined if
   * no process is found. Sees only processes in /proc.
   */
  find(netns: NetnsIdentity): string | undefined {
    const known = this.#found.get(keyOf(netns));
    if (known !== undefined && leadsTo(known, netns)) return known;
    this.#scan();
    return this.#found.get(keyOf(netns));
  }

  #scan(): void {
    const startMs = bootTimeMs();
    if (startMs < this.#nextScanMs) return;
    this.#found.clear();
    for (const pid of listProcesses()) {
      const path = `/proc/${pid}/ns/net`;
      const netns = identityAt(path);
      if (netns !== undefined) this.#found.set(keyOf(netns), path);
    }
    const endMs = bootTimeMs();
    const pauseMs = (endMs - startMs) * PAUSE_FACTOR;
    this.#nextScanMs = endMs + Math.max(pauseMs, MIN_PAUSE_MS);
  }
}

function keyOf({ device, inode }: NetnsIdentity): string {
  return `${device} ${inode}`;
}

function leadsTo(path: string, netns: NetnsIdentity): boolean {
  const found = identityAt(path);
  return found !== undefined && isSameNetns(found, netns);
}

/** Returns undefined if the process is gone or may not be inspected. */
function identityAt(path: string): NetnsIdentity | undefined {
  try {
    return statusAt(path);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

/** Deno's sandbox does not let its own functions list /proc. */
function* listProcesses(): Generator<string> {
  const directory = libc().opendir(cString("/proc"));
  if (directory === null) return;
  try {
    for (;;) {
      const entry = libc().readdir(directory);
      if (entry === null) return;
      const name = Deno.UnsafePointerView.getCString(entry, NAME_OFFSET);
      if (/^[0-9]+$/.test(name)) yield name;
    }
  } finally {
    libc().closedir(directory);
  }
}
