/** Errors as plain values, so that one row of a table can hold a whole error. @module */

/** Returns the class, message and fields of an error, without its cause. */
export function factsOf(error: unknown): Record<string, unknown> {
  return error instanceof Error
    ? { ...error, name: error.name, message: error.message }
    : { thrown: error };
}

/** Runs `body` and returns what it throws, as {@link factsOf} does; undefined if it returns. */
export function thrownBy(
  body: () => unknown,
): Record<string, unknown> | undefined {
  try {
    body();
    return undefined;
  } catch (error) {
    return factsOf(error);
  }
}

/** Does the same as {@link thrownBy} for an asynchronous body. */
export async function rejectionOf(
  body: () => Promise<unknown>,
): Promise<Record<string, unknown> | undefined> {
  try {
    await body();
    return undefined;
  } catch (error) {
    return factsOf(error);
  }
}
