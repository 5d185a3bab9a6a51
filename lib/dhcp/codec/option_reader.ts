/** Reads the options of a lease leniently: what is malformed counts as absent and is reported. Pure. @module */

import { DecodeError } from "../../base/errors.ts";
import {
  type OptionShape,
  optionValue,
  type OptionValues,
} from "./option_value.ts";
import type { DhcpOptions } from "./options.ts";

/**
 * Typed access to options that a lease can do without.
 *
 * RFC 2131 has no answer to one malformed option in an otherwise good ACK; giving up the address for it would help
 * nobody, and saying nothing would hide the server's mistake. So: left out, with a warning.
 */
export class OptionReader {
  readonly #options: DhcpOptions;
  readonly #warnings: string[] = [];

  constructor(options: DhcpOptions) {
    this.#options = options;
  }

  /** What was left out so far and why, one sentence each. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** The value of an option, or undefined if it is absent or malformed. */
  read<S extends OptionShape>(
    code: number,
    shape: S,
  ): OptionValues[S] | undefined {
    try {
      return optionValue(this.#options, code, shape);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.warn(code, error.message);
      return undefined;
    }
  }

  /** Reports that option `code`, or a part of it, is left out. */
  warn(code: number, reason: string): void {
    this.#warnings.push(`Option ${code} left out: ${reason}`);
  }
}
