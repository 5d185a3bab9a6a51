/** The form of everything written to stderr: one line an event, `key=value`. Pure. @module */

/** How much an event matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

const PLAIN = /^[A-Za-z0-9_.:/@%+,-]+$/;

/**
 * One line without its line feed, `level=warn msg="..." key=value`.
 *
 * @param fields More keys, in order; a value with anything but plain characters is quoted as a JSON string.
 */
export function formatLogLine(
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, string | number>> = {},
): string {
  const pairs = Object.entries(fields).map(([key, value]) => {
    const text = String(value);
    return ` ${key}=${PLAIN.test(text) ? text : JSON.stringify(text)}`;
  });
  return `level=${level} msg=${JSON.stringify(message)}${pairs.join("")}`;
}
