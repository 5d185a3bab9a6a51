/** How long a process takes from its start to its end, one at a time or many at once. @module */

/** A program with all it is given. */
export interface TimedCommand {
  readonly program: string;
  readonly args?: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Wall time of one run in milliseconds, the driver's own fork and pipes included. Throws unless it exits with 0. */
export async function timeOf(
  { program, args = [], env, stdin = "" }: TimedCommand,
): Promise<number> {
  const startMs = performance.now();
  const child = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: { ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A program that does not read stdin may be gone before it is written.
  const fed = writer.write(new TextEncoder().encode(stdin)).then(() =>
    writer.close()
  ).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const tookMs = performance.now() - startMs;
  await fed;
  if (code !== 0) {
    const text = new TextDecoder();
    throw new Error(
      `${program} ${env["CNI_COMMAND"]}: exit status ${code}: ${
        text.decode(stdout)
      }${text.decode(stderr)}`,
    );
  }
  return tookMs;
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low = 0, high = 0] = sorted.length % 2 === 0
    ? [sorted[half - 1], sorted[half]]
    : [sorted[half], sorted[half]];
  return (low + high) / 2;
}

/**
 * Measures several commands by turns, so that what else the machine does hits all of them alike.
 *
 * @returns The median of each, in the order given.
 */
export async function medianByTurns(
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
