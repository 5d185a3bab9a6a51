/** The forms of log lines: one line per event, `key=value` or JSON. Pure. @module */

import type { LogEvent } from "./log_event.ts";
import { escapedText, quotedText } from "./quoted_text.ts";

/** The severity of an event. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Keys and values of a log line, in the order in which they are printed. */
export type LogFields = Readonly<Record<string, string | number>>;

/** The forms in which a daemon can log. */
export const LOG_FORMATS = ["text", "json"] as const;

/** A form of log lines. */
export type LogFormat = typeof LOG_FORMATS[number];

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

/**
 * Formats one event of a daemon as a line without its line feed.
 *
 * @param time In the form of RFC 3339.
 */
export function formatDaemonLine(
  format: LogFormat,
  time: string,
  { level, event, fields = {} }: {
    readonly level: LogLevel;
    readonly event: LogEvent;
    readonly fields: LogFields | undefined;
  },
): string {
  return format === "text"
    ? `time=${time} ${formatLogLine(level, event, fields)}`
    : escapedText(JSON.stringify({ time, level, event, ...fields }));
}

/** The severities of syslog(3). */
const PRIORITY: Readonly<Record<LogLevel, number>> = {
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
};

/** Returns the prefix from which journald reads the severity of a line: `<4>`. */
export function journalPrefix(level: LogLevel): string {
  return `<${PRIORITY[level]}>`;
}
