/** The credentials check of callers: who may use the daemon. Pure. @module */

import { CniError, CniErrorCode } from "../../cni/error.ts";

/**
 * The process at the other end of a connection, as the kernel reports it (SO_PEERCRED, unix(7)).
 */
export interface CallerCredentials {
  readonly pid: number;
  readonly uid: number;
}

/**
 * Checks that a caller is root or the daemon's own user. Write access to the socket is not enough:
 * the daemon enters any namespace that a caller names.
 *
 * @throws {CniError} if the caller is another user.
 */
export function checkCaller({ uid }: CallerCredentials, ownUid: number): void {
  if (uid === 0 || uid === ownUid) return;
  const expected = ownUid === 0 ? "0" : `0 or ${ownUid}`;
  throw new CniError(
    CniErrorCode.internal,
    `permission denied: caller has user id ${uid}, expected ${expected}`,
  );
}
