/**
 * CNI errors: codes, the error document, and the mapping of other errors (SPEC section 5, "Error").
 * Pure.
 *
 * @module
 */

import { ConfigError, DecodeError, SystemError } from "../base/errors.ts";
import { formatDocument } from "./document.ts";

/**
 * Error codes of SPEC section 5; from 100 on plugins define them. Upstream uses 999 for all other
 * errors.
 */
export const CniErrorCode = {
  incompatibleVersion: 1,
  invalidEnvironment: 4,
  ioFailure: 5,
  decodingFailure: 6,
  invalidNetworkConfig: 7,
  invalidNetns: 8,
  tryAgainLater: 11,
  pluginNotAvailable: 50,
  internal: 999,
} as const;

/** One of {@link CniErrorCode}. */
export type CniErrorCodeValue = typeof CniErrorCode[keyof typeof CniErrorCode];

/** An error that the runtime receives when a command fails. */
export class CniError extends Error {
  override readonly name = "CniError";
  /** Cause, owner, file and remedy; empty if the message says it all. */
  readonly details: string;
  /**
   * @param message The `msg` of the error document, short.
   * @param options The `details` of the error document, and the `cause`.
   */
  constructor(
    readonly code: CniErrorCodeValue,
    message: string,
    { details = "", ...options }: ErrorOptions & { readonly details?: string } =
      {},
  ) {
    super(message, options);
    this.details = details;
  }
}

/**
 * Maps anything that was thrown to the error that the runtime receives.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SystemError } from "../base/errors.ts";
 *
 * assertEquals(toCniError(new SystemError("open /x: permission denied")).code, 5);
 * assertEquals(toCniError(new TypeError("a bug")).code, 999);
 * ```
 */
export function toCniError(error: unknown): CniError {
  if (error instanceof CniError) return error;
  const cause = { cause: error };
  if (error instanceof DecodeError) {
    return new CniError(CniErrorCode.decodingFailure, error.message, {
      details: `at ${error.at}`,
      ...cause,
    });
  }
  if (error instanceof ConfigError) {
    const at = error.path === "" ? [] : [`at ${error.path}`];
    const advice = error.advice === "" ? [] : [error.advice];
    return new CniError(CniErrorCode.invalidNetworkConfig, error.message, {
      details: [...at, ...advice].join("; "),
      ...cause,
    });
  }
  if (error instanceof SystemError) {
    return new CniError(CniErrorCode.ioFailure, error.message, {
      details: error.advice,
      ...cause,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CniError(CniErrorCode.internal, message, {
    details: "This is a bug of the plugin; stderr has the stack",
    ...cause,
  });
}

/**
 * Formats the error document. It has the `cniVersion` that SPEC section 5 requires and upstream
 * omits.
 */
export function formatError(error: CniError, cniVersion: string): string {
  return formatDocument({
    cniVersion,
    code: error.code,
    msg: error.message,
    ...(error.details === "" ? {} : { details: error.details }),
  });
}
