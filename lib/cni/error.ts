/** CNI errors: the codes, the document, and the way from any error to one (SPEC section 5, "Error"). Pure. @module */

import { ConfigError, DecodeError, SystemError } from "../base/errors.ts";
import { formatDocument } from "./document.ts";

/** Error codes of SPEC section 5 and, from 100 on, those of plugins; 999 is upstream's code for everything else. */
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

/** What the runtime is told when a command fails. */
export class CniError extends Error {
  override readonly name = "CniError";
  /** Cause, owner, file and remedy; empty if there is nothing to add to the message. */
  readonly details: string;
  /**
   * @param message The `msg` of the document, short.
   * @param options `details`: the `details` of the document, which has none if they are empty.
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

/** Turns whatever was thrown into what the runtime is told. */
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
    const details = error.path === "" ? "" : `at ${error.path}`;
    return new CniError(CniErrorCode.invalidNetworkConfig, error.message, {
      details,
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

/** The error document, with the `cniVersion` that SPEC section 5 asks for and upstream leaves out. */
export function formatError(error: CniError, cniVersion: string): string {
  return formatDocument({
    cniVersion,
    code: error.code,
    msg: error.message,
    ...(error.details === "" ? {} : { details: error.details }),
  });
}
