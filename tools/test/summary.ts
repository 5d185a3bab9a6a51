/** Counts of tests, read from what `deno test` prints. @module */

/** How many tests of each outcome; steps inside tests are not counted. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** No test at all. */
export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/** The sum of both. */
export function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** `12 passed, 0 failed`, and `, 2 skipped` if there are any. */
export function format({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed` +
    (skipped > 0 ? `, ${skipped} skipped` : "");
}

const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed\b.*? \| (\d+) failed\b(?:.*? \| (\d+) ignored\b)?/gm;

/**
 * The counts of one run.
 *
 * The summary line is used, not the JUnit report: that one leaves out modules that fail to load and
 * lists steps as tests. A run that fails without a failed test (a type error, a crash), or that has
 * no summary, counts as one failure.
 *
 * @param output What it printed, without colours.
 * @param success Whether its exit status was 0.
 */
export function countsOf(output: string, success: boolean): Counts {
  const last = [...output.matchAll(SUMMARY)].at(-1);
  if (last === undefined) return { ...NONE, failed: 1 };
  const [passed, failed, skipped] = last.slice(1).map((text) =>
    Number(text ?? 0)
  );
  const counts = {
    passed: passed ?? 0,
    failed: failed ?? 0,
    skipped: skipped ?? 0,
  };
  return success || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}
