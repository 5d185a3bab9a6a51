/** Wall times of processes. @module */

/** A program with its input. */
export interface TimedCommand {
  readonly program: string;
  readonly args?: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** The file that the process joins a control group by. */
  readonly group?: string;
  /** The program is killed after this time. */
  readonly timeoutMs?: number;
  /** The exit status of a run that is measured; 0 if absent. */
  readonly expectedCode?: number;
}

/** The exit status of a program that was stopped; as of timeout(1). */
export const STATUS_TIMEOUT = 124;

/**
 * Returns the wall time of one run in milliseconds, including fork and pipes of this process.
 *
 * @throws {Error} with all that it printed if it exits with another status than expected.
 */
export async function timeOf(command: TimedCommand): Promise<number> {
  return (await runTimed(command)).tookMs;
}

/** As {@link timeOf}, and returns stdout too. */
export async function runTimed(
  command: TimedCommand,
): Promise<{ readonly tookMs: number; readonly stdout: string }> {
  const { tookMs, status, stdout, stderr } = await runToEnd(command);
  const { program, env, expectedCode = 0 } = command;
  if (status === expectedCode) return { tookMs, stdout };
  throw new Error(
    `${program} ${
      env["CNI_COMMAND"]
    }: exit status ${status}: ${stdout}${stderr}`,
  );
}

/** How a program ended. */
export interface TimedRun {
  readonly tookMs: number;
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with any exit status. */
export async function runToEnd(
  { program, args = [], env, stdin = "", group, timeoutMs = Infinity }:
    TimedCommand,
): Promise<TimedRun> {
  const startMs = performance.now();
  const [first, ...rest] = group === undefined
    ? [program, ...args]
    : ["/bin/sh", "-c", 'echo 0 >"$0"; exec "$@"', group, program, ...args];
  const child = new Deno.Command(first ?? program, {
    args: rest,
    clearEnv: true,
    env: { ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(timeoutMs === Infinity
      ? {}
      : { signal: AbortSignal.timeout(timeoutMs) }),
  }).spawn();
  const writer = child.stdin.getWriter();
  // A program that does not read stdin may end before it is written.
  const fed = writer.write(new TextEncoder().encode(stdin)).then(() =>
    writer.close()
  ).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const tookMs = performance.now() - startMs;
  await fed;
  const text = new TextDecoder();
  return {
    tookMs,
    status: tookMs < timeoutMs ? code : STATUS_TIMEOUT,
    stdout: text.decode(stdout),
    stderr: text.decode(stderr),
  };
}

/**
 * Returns the percentile of the values: 0.99 is the 99th; NaN if there is no value.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** Returns the median. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low = 0, high = 0] = sorted.length % 2 === 0
    ? [sorted[half - 1], sorted[half]]
    : [sorted[half], sorted[half]];
  return (low + high) / 2;
}

/**
 * Measures several commands alternately, so that other load on the machine affects all of them
 * alike.
 *
 * @returns The median of each, in the order given.
 */
export async function alternatingMedians(
  rounds: number,
  measures: readonly (() => Promise<readonly number[]>)[],
): Promise<number[][]> {
  const seen: number[][][] = measures.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, measure] of measures.entries()) {
      seen[index]?.push([...await measure()]);
    }
  }
  return seen.map((rows) =>
    (rows[0] ?? []).map((_, column) =>
      median(rows.map((row) => row[column] ?? 0))
    )
  );
}
