/** What the runtime is told when a lease cannot be had or held: which step failed, and whether to try again. Pure. @module */

import { CniError, CniErrorCode } from "../../cni/error.ts";
import { describeFailure } from "../client/failure.ts";
import { KeeperError, type KeeperFailure } from "./acquisition_failure.ts";

/** The sentence and the code for a failed acquisition. */
export function reportFailure(failure: KeeperFailure): CniError {
  const { tryAgainLater, internal, ioFailure } = CniErrorCode;
  switch (failure.kind) {
    case "link-down":
    case "no-offer":
    case "no-ack":
      return new CniError(tryAgainLater, describeFailure(failure));
    case "offer-refused":
    case "nak":
    case "unusable-ack":
    case "conflict":
      return new CniError(internal, describeFailure(failure));
    case "interface-gone":
      return new CniError(
        internal,
        "the interface went away while an address was being acquired",
      );
    case "cancelled":
      return new CniError(
        tryAgainLater,
        "cancelled: a DEL for the same container and interface came, the caller hung up, or the daemon stops",
      );
    case "not-stored":
      return new CniError(
        ioFailure,
        `the lease could not be written down and was given back: ${failure.error.message}`,
        { details: failure.error.advice, cause: failure.error },
      );
  }
}

/** An error of a keeper in the words for the runtime; any other as it is. */
export function reportError(error: unknown): unknown {
  return error instanceof KeeperError ? reportFailure(error.failure) : error;
}
