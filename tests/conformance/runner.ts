/** Runs conformance cases against a plugin binary. @module */

import { runPlugin } from "../support/plugin_process.ts";
import { TempDir } from "../support/temp_dir.ts";
import {
  type ConformanceCase,
  DEFAULT_ENV,
  type ExpectedStdout,
  type Step,
  substitute,
  type Tree,
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
    const step = expectationFor(substitute(template, values), target);
    files = step.filesAfter ?? files;
    const problems = await runStep(step, {
      binary,
      target,
      root: root.path,
      files,
    });
    if (problems.length > 0) {
      return problems.map((problem) => `step ${index + 1}: ${problem}`);
    }
  }
  return [];
}

/** The step as it must go with `target`: upstream's overrides laid over, or left out. */
export function expectationFor(step: Step, target: Target): Step {
  if (target === "here" || step.upstream === undefined) return step;
  const { difference: _, stdout, ...overrides } = step.upstream;
  if (stdout === undefined) return { ...step, ...overrides };
  const isPartialError = typeof stdout === "object" &&
    !Array.isArray(stdout) && !("result" in stdout);
  const merged = isPartialError && isError(step.stdout)
    ? { ...step.stdout, ...stdout }
    : stdout;
  return { ...step, ...overrides, stdout: merged as ExpectedStdout };
}

async function runStep(
  step: Step,
  { binary, target, root, files }: {
    readonly binary: string;
    readonly target: Target;
    readonly root: string;
    readonly files: Tree;
  },
): Promise<string[]> {
  const { stdin = "", stdout, stderr = "^$", exitCode } = step;
  const outcome = await runPlugin({
    binary,
    env: environmentOf(step),
    stdin: typeof stdin === "string" ? stdin : JSON.stringify(stdin),
    cwd: root,
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const problems = [
    ...compareStdout(stdout, { actual: outcome.stdout, target }),
    ...(outcome.code === exitCode
      ? []
      : [`exit status is ${outcome.code}, want ${exitCode}`]),
    ...(new RegExp(stderr).test(outcome.stderr)
      ? []
      : [`stderr does not match ${stderr}`]),
    ...compareTree(files, await readTree(root)),
  ];
  if (problems.length > 0 && outcome.stderr !== "") {
    problems.push(`stderr was\n${outcome.stderr}`);
  }
  return problems;
}

function environmentOf({ env }: Step): Record<string, string> {
  const variables = Object.entries({ ...DEFAULT_ENV, ...env });
  return Object.fromEntries(
    variables.filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
