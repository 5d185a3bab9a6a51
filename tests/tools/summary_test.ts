/** The outcome of a test run, read from the output of `deno test`. @module */

import { assertEquals } from "@std/assert";
import {
  failure,
  formatCounts,
  NO_TESTS,
  readSummary,
  sum,
  withoutNoise,
  withoutPassed,
} from "../../tools/test/summary.ts";
import { formatStage } from "../../tools/test/stage.ts";
import { testRows } from "../support/rows.ts";

const title = "suite";

testRows("readSummary()", [
  {
    name: "counts passed tests",
    output: "ok | 12 passed | 0 failed (1s)\n",
    success: true,
    want: { ...NO_TESTS, passed: 12 },
  },
  {
    name: "counts ignored tests as skipped",
    output: "ok | 12 passed | 0 failed | 2 ignored (1s)\n",
    success: true,
    want: { ...NO_TESTS, passed: 12, skipped: 2 },
  },
  {
    name: "does not count steps",
    output:
      "FAILED | 2 passed (2 steps) | 3 failed (1 step) | 1 ignored (4 steps) (175ms)\n",
    success: false,
    want: { ...NO_TESTS, passed: 2, failed: 3, skipped: 1 },
  },
  {
    name: "does not count tests that a filter leaves out",
    output: "ok | 1 passed | 0 failed | 7 filtered out (1ms)\n",
    success: true,
    want: { ...NO_TESTS, passed: 1 },
  },
  {
    name: "uses the last counts where a test prints some too",
    output: "ok | 9 passed | 0 failed (1s)\nok | 1 passed | 0 failed (2s)\n",
    success: true,
    want: { ...NO_TESTS, passed: 1 },
  },
  {
    name: "counts a failing run without a failed test as one failure",
    output: "ok | 1 passed | 0 failed (1s)\n",
    success: false,
    want: { passed: 1, failed: 1, skipped: 0, failures: [title] },
  },
  {
    name: "counts a run that ends before its counts as one failure",
    output: "error: Type checking failed.\n",
    success: false,
    want: failure(title),
  },
  {
    name: "counts a run without output as one failure",
    output: "",
    success: true,
    want: failure(title),
  },
  {
    name: "names failed tests, steps and modules",
    output: `a() is 1 ... FAILED (3ms)

 ERRORS 

a() is 1 => ./a_test.ts:1:6
error: Error: 2

 FAILURES 

a() is 1 => ./a_test.ts:1:6
b() ... c => ./a_test.ts:3:4
./d_test.ts (uncaught error)

FAILED | 1 passed | 3 failed (4ms)

error: Test failed
`,
    success: false,
    want: {
      passed: 1,
      failed: 3,
      skipped: 0,
      failures: [
        "a() is 1 => ./a_test.ts:1:6",
        "b() ... c => ./a_test.ts:3:4",
        "./d_test.ts (uncaught error)",
      ],
    },
  },
  {
    name: "names the file of a test that a helper registers",
    output: `running 3 tests from ./tests/a_test.ts
a ... FAILED (3ms)
b ...
  one: x ... FAILED (3ms)
b ... FAILED (due to 1 failed step) (9ms)
c ... FAILED (1ms)
running 1 test from ./tests/b_test.ts
a ... FAILED (3ms)

 FAILURES 

a => ./tests/support/rows.ts:1:6
b ... one: x => ./tests/support/rows.ts:3:4
c => ./tests/a_test.ts:7:8
a => ./tests/support/rows.ts:1:6

FAILED | 0 passed | 4 failed (1 step) (4ms)
`,
    success: false,
    want: {
      passed: 0,
      failed: 4,
      skipped: 0,
      failures: [
        "a => ./tests/a_test.ts",
        "b ... one: x => ./tests/a_test.ts",
        "c => ./tests/a_test.ts:7:8",
        "a => ./tests/b_test.ts",
      ],
    },
  },
], ({ output, success, want }) => {
  assertEquals(readSummary(output, { title, success }), want);
});

testRows("withoutPassed()", [
  {
    name: "drops passed tests and the names of modules",
    lines: [
      "running 2 tests from ./tests/a_test.ts",
      "a ... ok (3ms)",
      "b ... ok (1m2s)",
    ],
    want: [],
  },
  {
    name: "drops a passed test with passed steps",
    lines: [
      "a ...",
      "  one ... ok (3ms)",
      "  two ... ok (3ms)",
      "a ... ok (9ms)",
    ],
    want: [],
  },
  {
    name: "keeps failed and ignored tests",
    lines: ["a ... FAILED (3ms)", "b ... ignored (0ms)"],
    want: ["a ... FAILED (3ms)", "b ... ignored (0ms)"],
  },
  {
    name: "keeps a failed step with its test",
    lines: [
      "a ...",
      "  one ... ok (3ms)",
      "  two ... FAILED (1ms)",
      "a ... FAILED (9ms)",
    ],
    want: ["a ...", "  two ... FAILED (1ms)", "a ... FAILED (9ms)"],
  },
  {
    name: "keeps the output of a passed test with its name",
    lines: [
      "a ...",
      "------- output -------",
      "seed 1",
      "----- output end -----",
      "a ... ok (9ms)",
    ],
    want: [
      "a ...",
      "------- output -------",
      "seed 1",
      "----- output end -----",
    ],
  },
  {
    name: "keeps a test that did not end",
    lines: ["a ... ok (9ms)", "b ... "],
    want: ["b ... "],
  },
  {
    name: "keeps everything else",
    lines: ["SKIP a: not root", "", "ok | 1 passed | 0 failed (1s)"],
    want: ["SKIP a: not root", "", "ok | 1 passed | 0 failed (1s)"],
  },
], ({ lines, want }) => assertEquals(withoutPassed(lines), want));

testRows("withoutNoise()", [
  {
    name: "joins a line that a slow test has split",
    lines: [
      "  it's one ...'a test' has been running for over (1m0s)",
      "'a test' has been running for over (2m0s)",
      " ok (2m10s)",
    ],
    want: ["  it's one ... ok (2m10s)"],
  },
  {
    name: "drops the line about a slow test without output",
    lines: ["seed 1", "'it's a test' has been running for over (1m0s)", "end"],
    want: ["seed 1", "end"],
  },
  {
    name: "drops the warning about deno.json",
    lines: [
      "Task build deno run",
      "Warning Permissions in the config file is an experimental feature and may change in the future.",
      "built",
    ],
    want: ["Task build deno run", "built"],
  },
  {
    name: "keeps other warnings, and a test that did not end",
    lines: ["Warning: x", "b ... "],
    want: ["Warning: x", "b ... "],
  },
], ({ lines, want }) => assertEquals(withoutNoise(lines), want));

testRows("formatStage()", [
  {
    name: "puts the title right before the output",
    lines: ["", "SKIP a: not root", "", "ok | 1 passed | 0 failed (1s)", ""],
    want: "== x: ok\nSKIP a: not root\n\nok | 1 passed | 0 failed (1s)\n",
  },
  { name: "prints the title alone", lines: [""], want: "== x: ok\n" },
], ({ lines, want }) => assertEquals(formatStage("== x: ok", lines), want));

Deno.test("sum() adds counts and joins failures", () => {
  assertEquals(
    sum([
      { passed: 1, failed: 2, skipped: 3, failures: ["a", "b"] },
      NO_TESTS,
      failure("c"),
    ]),
    { passed: 1, failed: 3, skipped: 3, failures: ["a", "b", "c"] },
  );
});

testRows("formatCounts()", [
  {
    name: "leaves out skipped tests where there are none",
    counts: { passed: 3, failed: 1 },
    want: "3 passed, 1 failed",
  },
  {
    name: "names skipped tests last",
    counts: { passed: 3, skipped: 2 },
    want: "3 passed, 0 failed, 2 skipped",
  },
], ({ counts, want }) => {
  assertEquals(formatCounts({ ...NO_TESTS, ...counts }), want);
});
