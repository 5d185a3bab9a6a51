/** A daemon's socket and directories, and the locks that exclude other daemons. @module */

import { SystemError } from "../../base/errors.ts";
import {
  listenUnix,
  refuseListening,
  type UnixListener,
} from "../../linux/unix_listener.ts";
import type { DaemonFlags } from "../daemon/flags.ts";
import { stateDirOf } from "../protocol/state_directory.ts";
import { StateLock } from "./state_lock.ts";
import { activatedListener } from "../../linux/socket_activation.ts";

/** A socket that listens, and locked directories. Disposing closes and unlocks them. */
export interface Endpoint extends Disposable {
  readonly listener: UnixListener;
  readonly socketPath: string;
  /** The directory of the lease files. */
  readonly stateDir: string;
  /** The directory of the release notes, which plugins derive from the socket that they call. */
  readonly noteDir: string;
  readonly locks: readonly StateLock[];
}

/**
 * Locks the directories of the daemon and listens, unless a service manager has passed a socket.
 *
 * @throws {SystemError} if another daemon is there, or the system refuses.
 */
export async function openEndpoint(
  { hostPrefix, socketPath: flagPath, stateDir: flagDir }: DaemonFlags,
): Promise<Endpoint> {
  using stack = new DisposableStack();
  const activated = asListener(() => activatedListener(Deno.env, Deno.pid));
  if (activated !== undefined) stack.use(activated);
  const socketPath = activated?.path ?? `${hostPrefix}${flagPath}`;
  const derivedDir = stateDirOf(socketPath);
  const stateDir = flagDir === "" ? derivedDir : flagDir;
  if (stateDir === undefined) {
    throw new SystemError(
      `listen unix ${socketPath}: no directory for the leases`,
      { advice: "an abstract socket needs -statedir" },
    );
  }
  const noteDir = derivedDir ?? stateDir;
  if (activated === undefined) asListener(() => refuseListening(socketPath));
  // While it is locked, no other daemon replaces the socket.
  const directories = activated === undefined
    ? [noteDir, stateDir]
    : [stateDir];
  const locks: StateLock[] = [];
  for (const directory of new Set(directories)) {
    locks.push(stack.use(await StateLock.acquire(directory)));
  }
  const listener = activated ??
    stack.use(asListener(() => listenUnix(socketPath)));
  const opened = stack.move();
  return {
    ...{ listener, socketPath, stateDir, noteDir, locks },
    [Symbol.dispose]: () => opened.dispose(),
  };
}

/** Runs `body`, which concerns the socket. Its errors get upstream's text. */
function asListener<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const message = `Error getting listener: ${error.message}`;
    throw new SystemError(message, { advice: error.advice, cause: error });
  }
}
