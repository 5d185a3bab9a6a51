import { assertEquals } from "@std/assert";
import { formatDuration, parseDuration } from "../../../lib/base/duration.ts";
import { testRows } from "../../support/rows.ts";

testRows("parseDuration()", [
  { name: "accepts seconds", text: "10s", want: 10_000 },
  { name: "accepts several units", text: "1h2m3s4ms", want: 3_723_004 },
  { name: "accepts a fraction", text: "1.5s", want: 1500 },
  { name: "accepts a fraction without a whole part", text: ".5s", want: 500 },
  {
    name: "accepts microseconds in both spellings",
    text: "500us500µs",
    want: 1,
  },
  { name: "accepts nanoseconds", text: "1000000ns", want: 1 },
  { name: "accepts zero without a unit", text: "0", want: 0 },
  { name: "accepts a sign", text: "-2s", want: -2000 },
  { name: "refuses a number without a unit", text: "5", want: undefined },
  { name: "refuses an unknown unit", text: "5d", want: undefined },
  { name: "refuses a space", text: "1m 2s", want: undefined },
  { name: "refuses an empty text", text: "", want: undefined },
  { name: "refuses a unit alone", text: "s", want: undefined },
  { name: "refuses a point alone", text: ".s", want: undefined },
], ({ text, want }) => assertEquals(parseDuration(text), want));

testRows("formatDuration()", [
  { name: "formats zero", ms: 0, want: "0s" },
  { name: "formats milliseconds", ms: 250, want: "250ms" },
  { name: "formats seconds", ms: 10_000, want: "10s" },
  { name: "formats a fraction", ms: 1500, want: "1.5s" },
  { name: "formats minutes as upstream does", ms: 208_000, want: "3m28s" },
  { name: "formats hours", ms: 3_600_000, want: "1h0m0s" },
], ({ ms, want }) => assertEquals(formatDuration(ms), want));
