import { assertEquals } from "@std/assert";
import type { LogEvent } from "../../../lib/base/log_event.ts";
import type { LogFields, LogLevel } from "../../../lib/base/log_line.ts";
import { LogLimiter } from "../../../lib/base/log_limiter.ts";

const BURST = 50;
const INTERVAL_MS = 5000;

/** A limiter, its clock, and the lines that it writes. */
class LimitedLog {
  nowMs = 0;
  readonly lines: [LogLevel, LogEvent, LogFields][] = [];
  readonly limiter = new LogLimiter(
    (level, event, fields = {}) => this.lines.push([level, event, fields]),
    () => this.nowMs,
  );

  /** Logs `count` lines. @returns How many were written. */
  flood(
    count: number,
    { level = "warn", attachment }: {
      readonly level?: LogLevel;
      readonly attachment?: string;
    } = {},
  ): number {
    const before = this.lines.length;
    const fields = attachment === undefined ? {} : { attachment };
    for (let line = 0; line < count; line++) {
      this.limiter.log(level, "nak-received", fields);
    }
    return this.lines.length - before;
  }

  /** @returns The lines that the report has written. */
  report(): unknown[] {
    const before = this.lines.length;
    this.limiter.report();
    return this.lines.slice(before);
  }
}

Deno.test("LogLimiter writes a burst, and then one line per interval", () => {
  const log = new LimitedLog();
  assertEquals(log.flood(1000), BURST);
  log.nowMs += INTERVAL_MS;
  assertEquals(log.flood(1000), 1);
  log.nowMs += INTERVAL_MS * BURST;
  assertEquals(log.flood(1000), BURST);
});

Deno.test("LogLimiter limits every attachment, and event by itself, and not level debug", () => {
  const log = new LimitedLog();
  assertEquals(log.flood(100, { attachment: "a" }), BURST);
  assertEquals(log.flood(100, { attachment: "b" }), BURST);
  assertEquals(log.flood(100), BURST);
  assertEquals(log.flood(100, { level: "error" }), 0);
  assertEquals(log.flood(100, { level: "debug", attachment: "a" }), 100);
  log.limiter.log("info", "lease-acquired", { attachment: "a" });
  assertEquals(log.lines.at(-1)?.[1], "lease-acquired");
});

Deno.test("LogLimiter reports once how many lines it suppressed", () => {
  const log = new LimitedLog();
  log.flood(BURST + 7, { attachment: "a" });
  log.flood(BURST + 9);
  assertEquals(log.report(), [
    ["warn", "lines-suppressed", {
      of: "nak-received",
      attachment: "a",
      lines: 7,
    }],
    ["warn", "lines-suppressed", { of: "nak-received", lines: 9 }],
  ]);
  assertEquals(log.report(), []);
  assertEquals(log.flood(3), 0);
  assertEquals(log.report(), [
    ["warn", "lines-suppressed", { of: "nak-received", lines: 3 }],
  ]);
});

Deno.test("LogLimiter has nothing to report about a few lines", () => {
  const log = new LimitedLog();
  log.flood(BURST);
  log.nowMs += INTERVAL_MS * BURST;
  assertEquals(log.report(), []);
  assertEquals(log.flood(BURST + 1), BURST);
});
