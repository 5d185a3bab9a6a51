/**
 * A limit for log lines: other hosts and users can cause some of them, as many as they like. Pure.
 *
 * @module
 */

import type { LogEvent } from "./log_event.ts";
import type { Log, LogFields, LogLevel } from "./log_line.ts";
import { type RateLimit, RateLimiter } from "./rate_limiter.ts";

/** Fifty lines at once, and one more every five seconds. */
const LIMIT: RateLimit = { intervalMs: 5000, burst: 50 };

/** The lines of one event, about one attachment if they name one. */
interface Topic {
  readonly fields: LogFields;
  readonly limiter: RateLimiter;
  suppressed: number;
}

/**
 * Limits the lines of each event and attachment, so that no flood hides the lines of others. Lines
 * of level debug are not limited.
 */
export class LogLimiter {
  readonly #log: Log;
  readonly #nowMs: () => number;
  readonly #topics = new Map<string, Topic>();

  /** @param log Writes the lines. @param nowMs Returns monotonic milliseconds. */
  constructor(log: Log, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** Writes a line, unless there are too many of its kind. */
  readonly log: Log = (level, event, fields = {}) => {
    if (this.#admits(level, event, fields)) this.#log(level, event, fields);
  };

  /** Writes how many lines were suppressed since the last report. Call it regularly. */
  report(): void {
    const nowMs = this.#nowMs();
    for (const [key, topic] of this.#topics) {
      const { fields, limiter, suppressed } = topic;
      if (suppressed > 0) {
        this.#log("warn", "lines-suppressed", { ...fields, lines: suppressed });
        topic.suppressed = 0;
      } else if (limiter.fullBurstMs <= nowMs) {
        this.#topics.delete(key);
      }
    }
  }

  #admits(level: LogLevel, event: LogEvent, fields: LogFields): boolean {
    if (level === "debug") return true;
    const topic = this.#topicOf(event, fields["attachment"]);
    const nowMs = this.#nowMs();
    if (topic.limiter.nextAllowedMs > nowMs) {
      topic.suppressed += 1;
      return false;
    }
    topic.limiter.count(nowMs);
    return true;
  }

  #topicOf(event: LogEvent, attachment: LogFields[string] | undefined): Topic {
    const key = `${event} ${attachment ?? ""}`;
    const existing = this.#topics.get(key);
    if (existing !== undefined) return existing;
    const topic = {
      fields: attachment === undefined
        ? { of: event }
        : { of: event, attachment },
      limiter: new RateLimiter(LIMIT),
      suppressed: 0,
    };
    this.#topics.set(key, topic);
    return topic;
  }
}
