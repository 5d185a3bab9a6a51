/** Runs conformance cases against a plugin binary. @module */

import { type PluginOutcome, runPlugin } from "../../support/plugin_process.ts";
import { TempDir } from "../../support/temp_dir.ts";
import {
  type ConformanceCase,
  DEFAULT_ENV,
  type ExpectedStdout,
  type OutcomeOverride,
  type Step,
  substitute,
} from "./case_format.ts";
import { compareStdout, isError, type Target } from "./compare_stdout.ts";
import { compareTree, readTree, writeTree } from "./file_tree.ts";

/** How long one call may take; a plugin that waits for ever for a lock must not hang the suite. */
const CALL_TIMEOUT_MS = 20_000;

/** Runs all steps of a case in a fresh data directory; the problems of the first step that has any. */
export async function runCase(
  conformanceCase: ConformanceCase,
  { binary, target }: { readonly binary: string; readonly target: Target },
): Promise<string[]> {
  using root = new TempDir();
  const values = { DATA_DIR: root.path };
  let files = substitute(conformanceCase.filesBefore ?? {}, values);
  await writeTree(root.path, files);
  for (const [index, template] of conformanceCase.steps.entries()) {
    const step = substitute(template, values);
    const outcome = await call(step, { binary, cwd: root.path });
    const found = await readTree(root.path);
    const attempts = expectationsFor(step, target).map((expected) => {
      const filesAfter = expected.filesAfter ?? files;
      const problems = [
        ...compareOutcome(expected, { outcome, target }),
        ...compareTree(filesAfter, found),
      ];
      return { filesAfter, problems };
    });
    const [first, ...others] = attempts;
    const match = attempts.find(({ problems }) => problems.length === 0);
    if (match === undefined) {
      const note = others.length === 0
        ? []
        : [`nor does it match ${others.length} other outcomes`];
      return [...first?.problems ?? [], ...note, `stderr: ${outcome.stderr}`]
        .map((problem) => `step ${index + 1}: ${problem}`);
    }
    files = match.filesAfter;
  }
  return [];
}

/** The ways in which the step may go with `target`: for upstream, with its overrides laid over. */
export function expectationsFor(
  step: Step,
  target: Target,
): readonly Step[] {
  if (target === "here" || step.upstream === undefined) return [step];
  const { difference: _, oneOf = [{}], ...common } = step.upstream;
  return oneOf.map((alternative) =>
    overlay(step, { ...common, ...alternative })
  );
}

function overlay(step: Step, override: OutcomeOverride): Step {
  const { stdout, ...rest } = override;
  if (stdout === undefined) return { ...step, ...rest };
  const isPartialError = typeof stdout === "object" &&
    !Array.isArray(stdout) && !("result" in stdout);
  const merged = isPartialError && isError(step.stdout)
    ? { ...step.stdout, ...stdout }
    : stdout;
  return { ...step, ...rest, stdout: merged as ExpectedStdout };
}

/** Makes the call of a step. */
export function call(
  { env, stdin = "" }: Step,
  { binary, cwd }: { readonly binary: string; readonly cwd: string },
): Promise<PluginOutcome> {
  const variables = Object.entries({ ...DEFAULT_ENV, ...env });
  return runPlugin({
    binary,
    env: Object.fromEntries(
      variables.filter((entry): entry is [string, string] => entry[1] !== null),
    ),
    stdin: typeof stdin === "string" ? stdin : JSON.stringify(stdin),
    cwd,
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
}

/** In what the process itself differs from what is expected of it. */
export function compareOutcome(
  { stdout, stderr = "^$", exitCode }: Step,
  { outcome, target }: {
    readonly outcome: PluginOutcome;
    readonly target: Target;
  },
): string[] {
  return [
    ...compareStdout(stdout, { actual: outcome.stdout, target }),
    ...(outcome.code === exitCode
      ? []
      : [`exit status is ${outcome.code}, want ${exitCode}`]),
    ...(new RegExp(stderr).test(outcome.stderr)
      ? []
      : [`stderr does not match ${stderr}`]),
  ];
}
