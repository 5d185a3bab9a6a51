/** Why an ADD has no lease, and what the runtime receives then. Pure. @module */

import type { SystemError } from "../../base/errors.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import type { Failure } from "../client/failure.ts";
import { describeFailure } from "../client/failure_text.ts";
import type { ClientSocket } from "./client_socket.ts";

/** Why a lease client has no lease for the callers that wait for it. */
export type AcquisitionFailure =
  | Failure
  /** A message waited for its turn when the time was over. */
  | { readonly kind: "delayed"; readonly failure: Failure }
  /** The interface or its namespace was removed meanwhile. */
  | { readonly kind: "interface-gone" }
  /** A DEL arrived, the caller disconnected, or the daemon is shutting down. */
  | { readonly kind: "cancelled" }
  /** No message could be sent. */
  | { readonly kind: "not-sent"; readonly error: SystemError }
  /** The file system refused the lease file. */
  | { readonly kind: "not-stored"; readonly error: SystemError };

/** An acquisition that failed. */
export class AcquisitionError extends Error {
  override readonly name = "AcquisitionError";
  constructor(readonly failure: AcquisitionFailure) {
    super(failure.kind);
  }
}

/** Returns why an acquisition failed, given what its state machine and its socket know. */
export function acquisitionFailure(
  failure: Failure,
  { unsentReason, isWaiting }: Pick<ClientSocket, "unsentReason" | "isWaiting">,
): AcquisitionFailure {
  if (unsentReason !== undefined) {
    return { kind: "not-sent", error: unsentReason };
  }
  return isWaiting ? { kind: "delayed", failure } : failure;
}

/** Returns whether an acquisition ended because no caller waited for it any more. */
export function isCancelled(error: unknown): boolean {
  return error instanceof AcquisitionError &&
    error.failure.kind === "cancelled";
}

/** Returns the text and the code of a failure: which step failed, and whether to try again. */
export function reportFailure(failure: AcquisitionFailure): CniError {
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
    case "delayed": {
      const { code, message } = reportFailure(failure.failure);
      return new CniError(
        code,
        `${message}, and another message is waiting because of -packetrate`,
      );
    }
    case "interface-gone":
      return new CniError(
        internal,
        "the interface was removed while a lease was being acquired",
      );
    case "cancelled":
      return new CniError(
        tryAgainLater,
        "cancelled: DEL received for this attachment, caller disconnected, or daemon shutting down",
      );
    case "not-sent":
      return new CniError(
        ioFailure,
        `cannot send DHCP messages: ${failure.error.message}`,
        { details: failure.error.advice, cause: failure.error },
      );
    case "not-stored":
      return new CniError(
        ioFailure,
        `cannot store the lease, so it was released: ${failure.error.message}`,
        { details: failure.error.advice, cause: failure.error },
      );
  }
}

/** Returns the report of an {@link AcquisitionError}; any other error as it is. */
export function reportError(error: unknown): unknown {
  return error instanceof AcquisitionError
    ? reportFailure(error.failure)
    : error;
}
