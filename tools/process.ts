/** Runs other programs to their end, with an empty stdin. @module */

/** A program whose exit status is not 0. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";

  /** @param output Its stderr, if captured. */
  constructor(
    readonly command: readonly string[],
    readonly code: number,
    output = "",
  ) {
    super(
      `Cannot run "${command.join(" ")}": exit status ${code}\n${output}`
        .trimEnd(),
    );
  }
}

/** How to run a program. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to the environment, or the whole of it if `clearEnv`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clearEnv?: boolean;
  /** Kills the program when aborted. */
  readonly signal?: AbortSignal;
}

/** Runs a program that shares the output of this process. @returns Its exit status. */
export async function status(
  command: readonly [string, ...string[]],
  options: ProcessOptions = {},
): Promise<number> {
  const [program, ...args] = command;
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    ...commandOptions(options),
  }).spawn();
  return (await child.status).code;
}

/**
 * Runs a program and returns its stdout.
 *
 * @throws {ProcessError} with its stderr if its exit status is not 0.
 */
export async function capture(
  command: readonly [string, ...string[]],
  options: ProcessOptions = {},
): Promise<string> {
  const [program, ...args] = command;
  const output = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...commandOptions(options),
  }).output();
  const decoder = new TextDecoder();
  if (!output.success) {
    throw new ProcessError(command, output.code, decoder.decode(output.stderr));
  }
  return decoder.decode(output.stdout);
}

function commandOptions(options: ProcessOptions): Deno.CommandOptions {
  const { env, ...rest } = options;
  return env === undefined ? rest : { ...rest, env: { ...env } };
}
