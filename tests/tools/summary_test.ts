/** Counting tests from the output of `deno test`. @module */

import { assertEquals } from "@std/assert";
import { countsOf, format } from "../../tools/test/summary.ts";

const PARSED = [
  {
    name: "all passed",
    output: "ok | 12 passed | 0 failed (1s)\n",
    success: true,
    want: { passed: 12, failed: 0, skipped: 0 },
  },
  {
    name: "ignored tests",
    output: "ok | 12 passed | 0 failed | 2 ignored (1s)\n",
    success: true,
    want: { passed: 12, failed: 0, skipped: 2 },
  },
  {
    name: "steps are not tests",
    output:
      "FAILED | 2 passed (2 steps) | 3 failed (1 step) | 1 ignored (4 steps) (175ms)\n",
    success: false,
    want: { passed: 2, failed: 3, skipped: 1 },
  },
  {
    name: "filtered tests are left out",
    output: "ok | 1 passed | 0 failed | 7 filtered out (1ms)\n",
    success: true,
    want: { passed: 1, failed: 0, skipped: 0 },
  },
  {
    name: "a test that prints a summary does not hide the real one",
    output: "ok | 9 passed | 0 failed (1s)\nok | 1 passed | 0 failed (2s)\n",
    success: true,
    want: { passed: 1, failed: 0, skipped: 0 },
  },
  {
    name: "a failing run without a failed test",
    output: "ok | 1 passed | 0 failed (1s)\n",
    success: false,
    want: { passed: 1, failed: 1, skipped: 0 },
  },
  {
    name: "a run that ends before its summary",
    output: "error: Type checking failed.\n",
    success: false,
    want: { passed: 0, failed: 1, skipped: 0 },
  },
  {
    name: "no summary at all",
    output: "",
    success: true,
    want: { passed: 0, failed: 1, skipped: 0 },
  },
];

for (const { name, output, success, want } of PARSED) {
  Deno.test(`countsOf() ${name}`, () => {
    assertEquals(countsOf(output, success), want);
  });
}

Deno.test("format() without skipped tests", () => {
  assertEquals(
    format({ passed: 3, failed: 1, skipped: 0 }),
    "3 passed, 1 failed",
  );
});

Deno.test("format() with skipped tests", () => {
  assertEquals(
    format({ passed: 3, failed: 0, skipped: 2 }),
    "3 passed, 0 failed, 2 skipped",
  );
});
