/** What is wrong with a network configuration, for operators. Pure. @module */

import { ConfigError, DecodeError } from "../base/errors.ts";
import { CniError } from "./error.ts";

/** Something wrong with a configuration. */
export interface ConfigProblem {
  /** An `error` makes ADD fail; a `warning` was hardly intended. */
  readonly severity: "error" | "warning";
  /** JSON path; empty if it is about the whole document. */
  readonly path: string;
  /** What is wrong. */
  readonly message: string;
  /** What to write instead; empty if the message says it. */
  readonly advice: string;
}

/**
 * Turns what a parser threw into a problem. Throws anything that is not about the input.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ConfigError } from "../base/errors.ts";
 *
 * const error = new ConfigError("no IP ranges specified", "ipam.ranges");
 * assertEquals(problemOf(error, "").path, "ipam.ranges");
 * ```
 *
 * @param path Where the problem is if the error does not say.
 */
export function problemOf(error: unknown, path: string): ConfigProblem {
  if (error instanceof DecodeError) {
    const { message, at, advice } = error;
    return { severity: "error", path: at, message, advice };
  }
  if (error instanceof ConfigError) {
    const { message, advice } = error;
    return { severity: "error", path: error.path || path, message, advice };
  }
  if (error instanceof CniError) {
    if (error.cause instanceof DecodeError) return problemOf(error.cause, path);
    const { message, details: advice } = error;
    return { severity: "error", path, message, advice };
  }
  throw error;
}
