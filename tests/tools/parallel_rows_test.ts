/** What `DHCP_ROWS` selects: what it does not match must not count as passed. @module */

import { assertEquals } from "@std/assert";
import { testRows } from "../support/rows.ts";

const PROBE = new URL("rows_probe.ts", import.meta.url).pathname;

testRows("DHCP_ROWS", [
  { name: "runs every row that can run if it is not set", want: [5, 0, 2] },
  { name: "runs the rows that it matches", rows: "first: b", want: [2, 0, 2] },
  { name: "passes nothing if it matches no row", rows: "x", want: [0, 0, 3] },
  {
    name: "passes nothing if it matches only a skipped row",
    rows: "third",
    want: [0, 0, 3],
  },
], async ({ rows = "", want }) => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-prompt", "--no-check", "-P=tools", PROBE],
    env: { NO_COLOR: "1", DHCP_ROWS: rows },
    stdin: "null",
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const count = (pattern: RegExp): number => [...text.matchAll(pattern)].length;
  assertEquals([
    count(/ \.\.\. ok/g),
    count(/ \.\.\. FAILED/g),
    count(/ \.\.\. ignored/g),
  ], want);
});
