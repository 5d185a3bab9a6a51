/**
 * Finds network namespaces: by path, through the callers, and through the processes in them.
 *
 * @module
 */

import { isErrno } from "../../linux/errno.ts";
import {
  type Netns,
  NotNetnsError,
  openNetns,
  openNetnsOfProcess,
} from "../../linux/netns.ts";
import { NetnsProcesses } from "../../linux/netns_processes.ts";
import { isSameNetns, type NetnsIdentity } from "../../net/netns_identity.ts";

/** Finds network namespaces. */
export class NetnsLookup {
  readonly #processes = new NetnsProcesses();
  /** How many calls of each process are running, by process id. */
  readonly #callers = new Map<number, number>();

  /**
   * Opens the namespace at `path`. If the daemon does not see it there, it tries the mount
   * namespace of the caller.
   *
   * @param callerPid 0 if it is unknown.
   * @throws {SystemError} with upstream's text if there is none.
   */
  open(path: string, callerPid: number): Netns {
    try {
      return openNetns(path);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      const opened = openAsCaller(callerPid, path);
      if (opened === undefined) throw error;
      return opened;
    }
  }

  /**
   * Opens a namespace that was at `path` before. If another one is there now, or none, it tries the
   * mount namespaces of the callers and then the processes in the namespace.
   *
   * @returns Undefined if the namespace cannot be found.
   * @throws {SystemError} if it may not be opened.
   */
  openAgain(path: string, netns: NetnsIdentity): Netns | undefined {
    const opened = onlyIfSame(unlessAbsent(() => openNetns(path)), netns);
    if (opened !== undefined) return opened;
    for (const pid of this.#callers.keys()) {
      const seen = onlyIfSame(openAsCaller(pid, path), netns);
      if (seen !== undefined) return seen;
    }
    const found = this.#processes.find(netns);
    return found === undefined
      ? undefined
      : onlyIfSame(unlessAbsent(() => openNetns(found)), netns);
  }

  /** Tries the mount namespace of a process from now on, until disposed. */
  addCaller(pid: number): Disposable {
    this.#callers.set(pid, (this.#callers.get(pid) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const calls = (this.#callers.get(pid) ?? 0) - 1;
        if (calls > 0) this.#callers.set(pid, calls);
        else this.#callers.delete(pid);
      },
    };
  }
}

function openAsCaller(pid: number, path: string): Netns | undefined {
  if (pid === 0) return undefined;
  try {
    return openNetnsOfProcess(pid, path);
  } catch (error) {
    // Without CAP_SYS_PTRACE, callers of other users may not be inspected.
    if (isAbsent(error) || isErrno(error, "EACCES", "EPERM")) return undefined;
    throw error;
  }
}

function unlessAbsent(open: () => Netns): Netns | undefined {
  try {
    return open();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function onlyIfSame(
  opened: Netns | undefined,
  netns: NetnsIdentity,
): Netns | undefined {
  if (opened === undefined || isSameNetns(opened.identity, netns)) {
    return opened;
  }
  opened[Symbol.dispose]();
  return undefined;
}

/** Returns whether an error means that there is no namespace at a path. */
function isAbsent(error: unknown): boolean {
  // The plain file that a namespace was mounted on is left behind if its removal was interrupted.
  return error instanceof NotNetnsError ||
    isErrno(error, "ENOENT", "ENOTDIR", "ESRCH", "ENXIO");
}
