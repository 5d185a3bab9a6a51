/** Errors as plain values, so that a row of a table can say all of one. @module */

/** What an error says: its class, its message and the fields it carries. The cause is left out. */
export function factsOf(error: unknown): Record<string, unknown> {
  return error instanceof Error
    ? { ...error, name: error.name, message: error.message }
    : { thrown: error };
}

/** What `body` throws, as {@link factsOf} has it; undefined if it returns. */
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

/** The same for a body that takes its time. */
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
