/** The errors of the layers below the CNI protocol; none of them knows a CNI error code. @module */

/** Input that does not have the shape it must have: not JSON, or a value of the wrong type. */
export class DecodeError extends SyntaxError {
  override readonly name: string = "DecodeError";
  /**
   * @param message What was read and what was expected.
   * @param at Where: a JSON path such as `ipam.ranges[0][1].subnet`, or a byte offset as text.
   */
  constructor(message: string, readonly at: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Input that is longer than its limit; the rest of it was not read. */
export class TooLongError extends DecodeError {
  override readonly name: string = "TooLongError";
}

/** A network configuration that can be read but cannot be used. */
export class ConfigError extends RangeError {
  override readonly name = "ConfigError";
  /**
   * @param message The reason, beginning with upstream's text where upstream has one.
   * @param path JSON path of the value, empty when it is about the configuration as a whole.
   */
  constructor(message: string, readonly path: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The operating system refused something: a file, a directory or a lock. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  /** What the operator can do next; empty if nothing is known. */
  readonly advice: string;
  /**
   * @param message Operation, path and reason, as in `open /x/y: no such file or directory`.
   * @param options `advice`: what the operator can do next; empty if nothing is known.
   */
  constructor(
    message: string,
    { advice = "", ...options }: ErrorOptions & { readonly advice?: string } =
      {},
  ) {
    super(message, options);
    this.advice = advice;
  }
}
