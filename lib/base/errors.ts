/** The errors of the layers below the CNI protocol. They have no CNI error codes. @module */

/** The options of an error that says what to do. */
type AdvisedOptions = ErrorOptions & { readonly advice?: string };

/** Input with the wrong form: not JSON, a value of the wrong type, malformed bytes. */
export class DecodeError extends SyntaxError {
  override readonly name: string = "DecodeError";
  readonly #advice: string;
  /**
   * @param message What was found, and what was expected.
   * @param at Position: a JSON path such as `ipam.ranges[0][1].subnet`, or a byte offset as text.
   * @param options The `advice`, and the `cause`.
   */
  constructor(
    message: string,
    readonly at: string,
    { advice = "", ...options }: AdvisedOptions = {},
  ) {
    super(message, options);
    this.#advice = advice;
  }

  /** What to write instead; empty if the message says it. */
  get advice(): string {
    return this.#advice;
  }
}

/** Input that is longer than its limit; the rest of it was not read. */
export class TooLongError extends DecodeError {
  override readonly name: string = "TooLongError";
}

/** A network configuration that can be decoded but not used. */
export class ConfigError extends RangeError {
  override readonly name = "ConfigError";
  readonly #advice: string;
  /**
   * @param message The reason, beginning with upstream's text where upstream has one.
   * @param path JSON path of the value; empty if the error is about the whole configuration.
   * @param options The `advice`, and the `cause`.
   */
  constructor(
    message: string,
    readonly path: string,
    { advice = "", ...options }: AdvisedOptions = {},
  ) {
    super(message, options);
    this.#advice = advice;
  }

  /** What to write instead; empty if the message says it. */
  get advice(): string {
    return this.#advice;
  }
}

/** An operation that the operating system refused or did not complete. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  /** What the operator can do next; empty if there is no advice. */
  readonly advice: string;
  readonly #isDenied: boolean;
  /**
   * @param message Operation, object and reason, such as `open /x/y: no such file or directory`.
   * @param options The `advice`, the `cause`, and whether this user lacks a permission.
   */
  constructor(
    message: string,
    { advice = "", isDenied = false, ...options }: AdvisedOptions & {
      readonly isDenied?: boolean;
    } = {},
  ) {
    super(message, options);
    this.advice = advice;
    this.#isDenied = isDenied;
  }

  /** Whether this user lacks a permission. */
  get isDenied(): boolean {
    return this.#isDenied;
  }
}

/**
 * Runs `body`. A {@link SystemError} without advice gets this one, unless this user lacks a
 * permission: then another path is no remedy.
 */
export function advised<T>(advice: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const needsAdvice = error instanceof SystemError && error.advice === "" &&
      !error.isDenied;
    if (!needsAdvice) throw error;
    throw new SystemError(error.message, { advice, cause: error });
  }
}
