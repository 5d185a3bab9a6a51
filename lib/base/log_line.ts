/** The form of log lines: one line per event, `key=value`. Pure. @module */

import type { LogEvent } from "./log_event.ts";
import { quotedText } from "./quoted_text.ts";

/** The severity of an event. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Keys and values of a log line, in the order in which they are printed. */
export type LogFields = Readonly<Record<string, string | number>>;

/** Logs one event. */
export type Log = (
  level: LogLevel,
  event: LogEvent,
  fields?: LogFields,
) => void;

const PLAIN = /^[A-Za-z0-9_.:/@%+,-]+$/;

/**
 * Formats one event as a line without its line feed: `level=warn event=route-dropped key=value`.
 *
 * @param fields Values with other than plain characters are quoted as JSON strings without
 * invisible characters.
 */
export function formatLogLine(
  level: LogLevel,
  event: LogEvent,
  fields: LogFields = {},
): string {
  const pairs = Object.entries(fields).map(([key, value]) => {
    const text = String(value);
    return ` ${key}=${PLAIN.test(text) ? text : quotedText(text)}`;
  });
  return `level=${level} event=${event}${pairs.join("")}`;
}
