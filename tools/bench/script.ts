/**
 * The JavaScript files of an executable under `deno run`: what the project's code costs on the
 * version of Deno that it is developed with, which is not always that of the compiled runtime.
 *
 * @module
 */

import { type Binary, EMPTY } from "../build/binaries.ts";
import { bundle } from "../build/bundle.ts";
import {
  alternatingMedians,
  type TimedCommand,
  timeOf,
} from "./process_time.ts";

/** Medians of wall times in milliseconds. */
export interface ScriptFigures {
  /** An empty script. */
  readonly emptyMs: number;
  /** The calls by name. */
  readonly callMs: Readonly<Record<string, number>>;
}

/** A call of a plugin. */
export type ScriptCall = Pick<TimedCommand, "env" | "stdin">;

/** Enough for a median that varies by 1 % between runs. */
const ROUNDS = 201;

/** Variables that locate files of Deno. */
const PASSED = ["HOME", "DENO_DIR", "XDG_CACHE_HOME"];

/**
 * Measures calls of a plugin and an empty script alternately, with the permissions and V8 flags of
 * the executable. Calls run in the order of `calls`.
 *
 * @param folder Where the files are written; it must exist.
 */
export async function measureScripts(
  binary: Binary,
  { folder, calls }: {
    readonly folder: string;
    readonly calls: Readonly<Record<string, ScriptCall>>;
  },
): Promise<ScriptFigures> {
  const empty = await runOf(EMPTY, folder);
  const plugin = await runOf(binary, folder);
  const commands = [
    empty,
    ...Object.values(calls).map(({ env, stdin }) => ({
      ...plugin,
      env: { ...plugin.env, ...env },
      ...(stdin === undefined ? {} : { stdin }),
    })),
  ];
  // The first run of a file analyzes it and stores the result.
  for (const command of commands) await timeOf(command);
  const [[emptyMs = NaN] = [], ...times] = await alternatingMedians(
    ROUNDS,
    commands.map((command) => async () => [await timeOf(command)]),
  );
  return {
    emptyMs,
    callMs: Object.fromEntries(
      Object.keys(calls).map((call, index) => [call, times[index]?.[0] ?? NaN]),
    ),
  };
}

/** Bundles a binary and returns the command that runs it as the executable runs. */
async function runOf(binary: Binary, folder: string): Promise<TimedCommand> {
  const { name, permissions, v8Flags } = binary;
  const script = await bundle(binary, `${folder}/${name}`);
  return {
    program: Deno.execPath(),
    args: [
      "run",
      "--no-code-cache",
      "--no-config",
      "--no-lock",
      "--no-remote",
      "--no-npm",
      "--no-prompt",
      "--deny-import",
      ...permissions,
      ...(v8Flags === undefined ? [] : [`--v8-flags=${v8Flags.join()}`]),
      script,
    ],
    env: Object.fromEntries([
      ["DENO_NO_UPDATE_CHECK", "1"],
      ...PASSED.flatMap((variable) => {
        const value = Deno.env.get(variable);
        return value === undefined ? [] : [[variable, value]];
      }),
    ]),
  };
}
