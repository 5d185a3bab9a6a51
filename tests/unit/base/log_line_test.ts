import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatLogLine } from "../../../lib/base/log_line.ts";

const ROWS = [
  {
    name: "has level and message",
    line: formatLogLine("info", "ready"),
    want: 'level=info msg="ready"',
  },
  {
    name: "leaves plain values bare, in the order given",
    line: formatLogLine("warn", "m", {
      path: "/a/b_c.d",
      count: -3,
      at: "a@b",
    }),
    want: 'level=warn msg="m" path=/a/b_c.d count=-3 at=a@b',
  },
  {
    name: "quotes a value with a space",
    line: formatLogLine("error", "m", { why: "no space" }),
    want: 'level=error msg="m" why="no space"',
  },
  {
    name: "quotes a value with an equals sign",
    line: formatLogLine("error", "m", { args: "IP=1" }),
    want: 'level=error msg="m" args="IP=1"',
  },
  {
    name: "quotes the empty value",
    line: formatLogLine("debug", "m", { empty: "" }),
    want: 'level=debug msg="m" empty=""',
  },
  {
    name: "escapes quotes and line feeds",
    line: formatLogLine("debug", 'say "x"\n', { stack: "a\nb" }),
    want: 'level=debug msg="say \\"x\\"\\n" stack="a\\nb"',
  },
] as const;

for (const { name, line, want } of ROWS) {
  Deno.test(`formatLogLine() ${name}`, () => assertEquals(line, want));
}

Deno.test("formatLogLine() is one line whatever it is given", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (message, value) => {
    assertEquals(
      formatLogLine("warn", message, { value }).includes("\n"),
      false,
    );
  }));
});
