/** Why a keeper has no lease for those who waited. Pure. @module */

import type { SystemError } from "../../base/errors.ts";
import type { Failure } from "../client/failure.ts";

/** The reason. */
export type KeeperFailure =
  | Failure
  /** Interface or namespace went away meanwhile. */
  | { readonly kind: "interface-gone" }
  /** DEL came, or the caller went away. */
  | { readonly kind: "cancelled" }
  /** The lease could not be written down. */
  | { readonly kind: "not-stored"; readonly error: SystemError };

/** An acquisition that came to nothing. */
export class KeeperError extends Error {
  override readonly name = "KeeperError";
  constructor(readonly failure: KeeperFailure) {
    super(failure.kind);
  }
}

/** Whether it ended because nobody waited for it any more. */
export function isCancelled(error: unknown): boolean {
  return error instanceof KeeperError && error.failure.kind === "cancelled";
}
