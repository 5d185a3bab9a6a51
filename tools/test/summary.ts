/** The outcome of a test run, read from what `deno test` prints. @module */

/** How many tests of each outcome, and which failed; steps inside tests are not counted. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /**
   * The failed tests and steps with their locations, and other failures. The location of a test
   * that a helper registers is the test's file.
   */
  readonly failures: readonly string[];
}

/** The summary of a run without tests. */
export const NO_TESTS: Summary = {
  passed: 0,
  failed: 0,
  skipped: 0,
  failures: [],
};

/** The summary of a failure that is not a test. */
export function failure(what: string): Summary {
  return { ...NO_TESTS, failed: 1, failures: [what] };
}

/** Adds up summaries. */
export function sum(summaries: readonly Summary[]): Summary {
  return summaries.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  }), NO_TESTS);
}

/** `12 passed, 0 failed`, and `, 2 skipped` if there are any. */
export function formatCounts({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed` +
    (skipped > 0 ? `, ${skipped} skipped` : "");
}

const COUNTS =
  /^(?:ok|FAILED) \| (\d+) passed\b.*? \| (\d+) failed\b(?:.*? \| (\d+) ignored\b)?/gm;

/**
 * Reads the summary of one run.
 *
 * The last line with counts is used, not the JUnit report: that one leaves out modules that fail to
 * load and lists steps as tests. A run that fails without a failed test (a type error, a crash), or
 * that prints no counts, counts as one failure.
 *
 * @param output What `deno test` printed, without colors.
 * @param title Names the run where it fails without a failed test.
 */
export function readSummary(
  output: string,
  { title, success }: { readonly title: string; readonly success: boolean },
): Summary {
  const last = [...output.matchAll(COUNTS)].at(-1);
  if (last === undefined) return failure(title);
  const [passed = 0, failed = 0, skipped = 0] = last.slice(1).map((text) =>
    Number(text ?? 0)
  );
  const summary = {
    passed,
    failed,
    skipped,
    failures: failuresIn(output.slice(0, last.index)),
  };
  return success || failed > 0 ? summary : sum([summary, failure(title)]);
}

const MODULE = /^running \d+ tests? from (.*)$/;
const FAILED = /^(\S.*) \.\.\. FAILED \(/;
const LOCATED = /^(.*) => (.*?)(?::\d+:\d+)?$/;

/** The lines of the section "FAILURES", the last thing before the counts. */
function failuresIn(output: string): string[] {
  const [, before = "", section = ""] =
    /(.*)^ FAILURES $\n(.*)/ms.exec(output) ?? [];
  const failed = failedTests(before);
  return section.split("\n").filter((line) => line !== "").map((line) => {
    const [, what = "", location = ""] = LOCATED.exec(line) ?? [];
    const index = failed.findIndex(({ name }) =>
      what === name || what.startsWith(`${name} ... `)
    );
    const test = failed[index];
    if (test === undefined) return line;
    // Another file may have a test of the same name, which comes later.
    if (what === test.name) failed.splice(index, 1);
    return test.file === location ? line : `${what} => ${test.file}`;
  });
}

/** The failed tests with their files, in the order of the output. */
function failedTests(output: string): { name: string; file: string }[] {
  const tests: { name: string; file: string }[] = [];
  let file: string | undefined;
  for (const line of output.split("\n")) {
    file = MODULE.exec(line)?.[1] ?? file;
    const [, name] = FAILED.exec(line) ?? [];
    if (name !== undefined && file !== undefined) tests.push({ name, file });
  }
  return tests;
}

/** What Deno prints about slow tests, perhaps in the middle of another line. */
const SLOW = /(?<=^|\.\.\.)'.*' has been running for over \([^)]*\)\n?/gm;
const EXPERIMENTAL =
  /^Warning Permissions in the config file is an experimental feature.*\n?/gm;

/**
 * Removes what Deno prints about slow tests and about deno.json.
 *
 * @param lines What a command printed, without colors.
 */
export function withoutNoise(lines: readonly string[]): string[] {
  return lines.join("\n").replaceAll(SLOW, "").replaceAll(EXPERIMENTAL, "")
    .split("\n");
}

const PASSED = /^(.*) \.\.\. ok \([^)]*\)$/;

/**
 * Removes the lines of a run's output that say only that a test passed.
 *
 * @param lines What `deno test` printed, without colors.
 */
export function withoutPassed(lines: readonly string[]): string[] {
  const kept: string[] = [];
  for (const line of lines) {
    const [, name] = PASSED.exec(line) ?? [];
    if (name === undefined && !MODULE.test(line)) kept.push(line);
    // A test with steps or output also has a line at its start.
    else if (kept.at(-1) === `${name} ...`) kept.pop();
  }
  return kept;
}
