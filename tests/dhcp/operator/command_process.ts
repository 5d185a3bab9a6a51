/** Runs the compiled dhcp as an operator does. @module */

import { assert } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { type PluginOutcome, runPlugin } from "../../support/plugin_process.ts";

/** Runs a command of the compiled plugin, without a terminal. */
export function runOperator(
  args: readonly string[],
  { stdin = "", env = {} }: {
    readonly stdin?: string;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<PluginOutcome> {
  return runPlugin({ binary: DHCP_BIN, args, env, stdin });
}

/** The outcome of a command with `--json`. */
export interface JsonOutcome {
  readonly code: number;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
  readonly stderr: string;
}

/** Runs a command with `--json`. */
export async function jsonOf(args: readonly string[]): Promise<JsonOutcome> {
  const { stdout, stderr, code } = await runOperator([...args, "--json"]);
  try {
    return { code, json: JSON.parse(stdout), stderr };
  } catch (cause) {
    throw new Error(`Cannot read the answer: ${stdout}${stderr}`, { cause });
  }
}

/** Fails unless a text has another in it. */
export function assertIncludes(text: string, part: string): void {
  assert(text.includes(part), `${JSON.stringify(part)} is not in ${text}`);
}
