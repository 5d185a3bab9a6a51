/** Runs conformance cases of host-local against a plugin binary. @module */

import { type PluginOutcome, runPlugin } from "../../support/plugin_process.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { type ConformanceCase, substitute } from "./case_reader.ts";
import { compareStdout, type Target } from "./compare_stdout.ts";
import { applyChanges, compareTree, readTree, writeTree } from "./file_tree.ts";
import type { Outcome, Step } from "./step_reader.ts";

/**
 * How long one call may take, on a busy machine as well. A plugin that waits forever for a lock
 * must not block the suite.
 */
const CALL_TIMEOUT_MS = 60_000;

/**
 * Runs all steps of a case in a fresh data directory. Returns the problems of the first step that
 * has any.
 */
export async function runCase(
  { filesBefore = {}, steps }: ConformanceCase,
  { binary, target }: { readonly binary: string; readonly target: Target },
): Promise<string[]> {
  using root = new TempDir();
  const values = { DATA_DIR: root.path };
  let files = substitute(filesBefore, values);
  await writeTree(root.path, files);
  for (const [index, template] of steps.entries()) {
    const step = substitute(template, values);
    const outcome = await call(step, { binary, cwd: root.path });
    const found = await readTree(root.path);
    const attempts = outcomesWith(target, step).map((expected) => {
      const filesAfter = applyChanges(files, expected.changes ?? {});
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
        : [`the ${others.length} other outcomes do not match either`];
      return [...first?.problems ?? [], ...note, `stderr: ${outcome.stderr}`]
        .map((problem) => `step ${index + 1}: ${problem}`);
    }
    files = match.filesAfter;
  }
  return [];
}

/** Returns the possible outcomes of a step with the plugin under test. */
export function outcomesWith<O extends Outcome>(
  target: Target,
  { here, upstream }: Step<O>,
): readonly O[] {
  return target === "here" ? [here] : upstream;
}

/** Makes the call of a step. */
export function call(
  { env, stdin }: Step,
  { binary, cwd }: { readonly binary: string; readonly cwd: string },
): Promise<PluginOutcome> {
  const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
  return runPlugin({ binary, env, stdin, cwd, signal });
}

/** Compares what the process printed and its exit status with what is expected. */
export function compareOutcome(
  { stdout, stderr, exitCode }: Outcome,
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
