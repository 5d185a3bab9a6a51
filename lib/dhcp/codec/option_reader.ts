/** Reads the options of a lease leniently: a malformed option counts as absent. Pure. @module */

import { DecodeError } from "../../base/errors.ts";
import {
  type OptionShape,
  optionValue,
  type OptionValues,
} from "./option_value.ts";
import type { DhcpOptions } from "./options.ts";

/** The number of warnings of one message; a message can have thousands of bad values. */
const MAX_WARNINGS = 8;

/**
 * Reader of options that a lease does not depend on.
 *
 * RFC 2131 does not say what a client does with an ACK that has a malformed option. Refusing the
 * address would not help the container, and silence would hide the server's mistake, so the option
 * is ignored with a warning. The same applies to an option without a usable value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { OptionReader } from "./option_reader.ts";
 *
 * const reader = new OptionReader(new Map([[26, Uint8Array.of(5)]]));
 * assertEquals(reader.read(26, "u16"), undefined);
 * assertEquals(reader.warnings.length, 1);
 * ```
 */
export class OptionReader {
  readonly #options: DhcpOptions;
  readonly #warnings = new Set<string>();
  #omitted = 0;

  constructor(options: DhcpOptions) {
    this.#options = options;
  }

  /** What has been ignored so far and why, one text each; at most nine texts. */
  get warnings(): readonly string[] {
    return this.#omitted === 0
      ? [...this.#warnings]
      : [...this.#warnings, `${this.#omitted} more values ignored`];
  }

  /** Returns the value of an option, or undefined if it is absent or malformed. */
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

  /** Adds a warning that option `code` is ignored, or only `value` in it. */
  warn(code: number, reason: string, value?: string): void {
    const what = value === undefined ? "" : ` (${value})`;
    const text = `option ${code}${what} ignored: ${reason}`;
    if (this.#warnings.has(text)) return;
    if (this.#warnings.size < MAX_WARNINGS) this.#warnings.add(text);
    else this.#omitted += 1;
  }
}
