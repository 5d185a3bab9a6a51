import { assertEquals } from "@std/assert";
import { formatAge } from "../../../lib/base/age.ts";
import { testRows } from "../../support/rows.ts";

const AGES: readonly [ms: number, want: string][] = [
  [-5_000, "0s"],
  [0, "0s"],
  [999, "0s"],
  [1_000, "1s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [61_000, "1m1s"],
  [3_600_000, "1h"],
  [11_525_000, "3h12m"],
  [86_400_000, "1d"],
  [90_000_000, "1d1h"],
  [8_640_000_000, "100d"],
];

testRows(
  "formatAge() formats",
  AGES.map(([ms, want]) => ({ name: `${ms} ms as ${want}`, ms, want })),
  ({ ms, want }) => assertEquals(formatAge(ms), want),
);
