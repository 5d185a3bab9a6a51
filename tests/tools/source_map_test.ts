import { assertEquals } from "@std/assert";
import { sourcePosition } from "../../tools/build/source_map.ts";
import { mapStack } from "../../tools/build/map_stack.ts";
import { testRows } from "../support/rows.ts";

/**
 * Two lines of a bundle: columns 1 and 5 of the first are a.ts:1:1 and b.ts:3:2, column 10 has no
 * source; column 1 of the second is b.ts:20:2.
 */
const MAP = { sources: ["a.ts", "b.ts"], mappings: "AAAA,ICEC,K;AAiBA" };

testRows("sourcePosition() finds", [
  { name: "the first segment", line: 1, column: 1, want: ["a.ts", 1, 1] },
  { name: "the segment before", line: 1, column: 4, want: ["a.ts", 1, 1] },
  { name: "a second source", line: 1, column: 5, want: ["b.ts", 3, 2] },
  { name: "a second line", line: 2, column: 40, want: ["b.ts", 20, 2] },
  { name: "nothing in a line too many", line: 3, column: 1, want: undefined },
], ({ line, column, want }) => {
  const found = sourcePosition(MAP, { line, column });
  assertEquals(found && [found.source, found.line, found.column], want);
});

testRows(
  "mapStack() rewrites",
  [
    {
      name: "each position of a log line, and its line breaks",
      text: String
        .raw`stack="Error: x\n    at a (file:///tmp/x/p.js:1:5)\n    at file:///tmp/x/p.js:2:1"`,
      want: 'stack="Error: x\n    at a (b.ts:3:2)\n    at b.ts:20:2"',
    },
    {
      name: "no position of another file",
      text: "at a (file:///tmp/x/q.js:1:5) at b (ext:core/01.js:1:5)",
      want: "at a (file:///tmp/x/q.js:1:5) at b (ext:core/01.js:1:5)",
    },
  ],
  ({ text, want }) =>
    assertEquals(mapStack(text, new Map([["p.js", MAP]])), want),
);
