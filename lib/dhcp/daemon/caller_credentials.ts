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
 * Returns why a caller is refused; undefined if it is root or the daemon's own user. Write access
 * to the socket is not enough: the daemon enters any namespace that a caller names.
 */
export function refusalOf(
  { uid }: CallerCredentials,
  ownUid: number,
): CniError | undefined {
  if (uid === 0 || uid === ownUid) return undefined;
  const expected = ownUid === 0 ? "0" : `0 or ${ownUid}`;
  return new CniError(
    CniErrorCode.internal,
    `permission denied: caller has user id ${uid}, expected ${expected}`,
  );
}
