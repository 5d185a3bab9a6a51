/** Runs the compiled host-local as an operator does. @module */

import { OURS } from "../../support/binaries.ts";
import { type PluginOutcome, runPlugin } from "../../support/plugin_process.ts";

/** Runs a command of the compiled plugin, without a terminal. */
export function runOperator(
  args: readonly string[],
  { stdin = "", env = {} }: {
    readonly stdin?: string;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<PluginOutcome> {
  return runPlugin({ binary: OURS, args, env, stdin });
}

/** Runs a command with `--json`, and returns what it prints. */
export async function jsonOf(
  args: readonly string[],
): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await runOperator([...args, "--json"]);
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`Cannot read the answer: ${stdout}${stderr}`, { cause });
  }
}
