import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatDaemonLine,
  formatLogLine,
  journalPrefix,
  type LogFields,
} from "../../../lib/base/log_line.ts";

const ROWS = [
  {
    name: "has level and event",
    line: formatLogLine("info", "serving"),
    want: "level=info event=serving",
  },
  {
    name: "leaves plain values bare, in the order given",
    line: formatLogLine("warn", "stopped", {
      path: "/a/b_c.d",
      count: -3,
      at: "a@b",
    }),
    want: "level=warn event=stopped path=/a/b_c.d count=-3 at=a@b",
  },
  {
    name: "quotes a value with a space",
    line: formatLogLine("error", "stopped", { why: "no space" }),
    want: 'level=error event=stopped why="no space"',
  },
  {
    name: "quotes a value with an equals sign",
    line: formatLogLine("error", "stopped", { args: "IP=1" }),
    want: 'level=error event=stopped args="IP=1"',
  },
  {
    name: "quotes the empty value",
    line: formatLogLine("debug", "stopped", { empty: "" }),
    want: 'level=debug event=stopped empty=""',
  },
  {
    name: "escapes quotes and line feeds",
    line: formatLogLine("debug", "stopped", { stack: 'say "x"\nb' }),
    want: 'level=debug event=stopped stack="say \\"x\\"\\nb"',
  },
  {
    name: "escapes what a terminal obeys",
    line: formatLogLine("warn", "nak-received", {
      message: "\x1b[2J\r\n\u{9b}2J\u202e\x7f\u2028",
    }),
    want:
      'level=warn event=nak-received message="\\u001b[2J\\r\\n\\u009b2J\\u202e\\u007f\\u2028"',
  },
] as const;

for (const { name, line, want } of ROWS) {
  Deno.test(`formatLogLine() ${name}`, () => assertEquals(line, want));
}

Deno.test("formatLogLine() is one line for any value", () => {
  fc.assert(fc.property(fc.string(), (value) => {
    assertEquals(
      formatLogLine("warn", "stopped", { value }).includes("\n"),
      false,
    );
  }));
});

const TIME = "2026-03-01T09:30:00.000Z";

function jsonLine(fields: LogFields | undefined): string {
  return formatDaemonLine("json", TIME, {
    level: "warn",
    event: "stopped",
    fields,
  });
}

Deno.test("formatDaemonLine() puts the time in front of text", () => {
  assertEquals(
    formatDaemonLine("text", TIME, {
      level: "warn",
      event: "stopped",
      fields: { calls: 2 },
    }),
    `time=${TIME} level=warn event=stopped calls=2`,
  );
});

Deno.test("formatDaemonLine() writes JSON with numbers as numbers", () => {
  assertEquals(
    jsonLine({ calls: 2, reason: 'no "x"' }),
    `{"time":"${TIME}","level":"warn","event":"stopped","calls":2,"reason":"no \\"x\\""}`,
  );
  assertEquals(
    jsonLine(undefined),
    `{"time":"${TIME}","level":"warn","event":"stopped"}`,
  );
});

Deno.test("formatDaemonLine() writes one line of JSON that a terminal does not obey", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (reason) => {
    const line = jsonLine({ reason });
    assertEquals(JSON.parse(line).reason, reason);
    assertEquals(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line), false);
  }));
});

Deno.test("journalPrefix() has the severities of syslog", () => {
  assertEquals(
    (["error", "warn", "info", "debug"] as const).map(journalPrefix),
    ["<3>", "<4>", "<6>", "<7>"],
  );
});
