/**
 * Makes calls and measures them: with a C program if there is clang, otherwise with Deno, which
 * takes so long to start processes that it limits the rate of many clients.
 *
 * The program reads lines from stdin: `width` with the number of clients; `chain` before the calls
 * that one client makes one after the other; `call`, and then for the call `word` (the program and
 * each argument), `env`, `stdin`, `group` (a file that the process joins a control group by) and
 * `timeout` (milliseconds). It prints a line for each call (its number, exit status, microseconds,
 * and what it printed if it failed), and `total` with the microseconds of all.
 *
 * @module
 */

import { capture } from "../process.ts";
import { REPOSITORY } from "../repository.ts";
import { runToEnd, type TimedCommand } from "./process_time.ts";

const SOURCE = `${REPOSITORY}/tools/bench/caller.c`;

/** Calls that one client makes one after the other. */
export type Chain = readonly TimedCommand[];

/** How one call ended. */
export interface CallOutcome {
  /** Wall time from before its start to after its end, in milliseconds. */
  readonly tookMs: number;
  readonly status: number;
  /** The beginning of what it printed, if it failed. */
  readonly output: string;
}

/** The outcomes of chains. */
export interface ChainsOutcome {
  /** Wall time of all. */
  readonly totalMs: number;
  readonly outcomes: readonly (readonly CallOutcome[])[];
}

/** Makes calls. */
export class Caller {
  /** Undefined: with Deno. */
  readonly #program: string | undefined;

  private constructor(program: string | undefined) {
    this.#program = program;
  }

  /** @param folder Where the C program is written. */
  static async build(folder: string): Promise<Caller> {
    const program = `${folder}/caller`;
    try {
      await capture([
        "clang",
        "-O2",
        "-Wall",
        "-Werror",
        "-o",
        program,
        SOURCE,
      ]);
      return new Caller(program);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return new Caller(undefined);
      throw error;
    }
  }

  /** What starts the processes, for a report. */
  get description(): string {
    return this.#program === undefined
      ? "Deno, which limits the rate of many clients"
      : "a C program";
  }

  /**
   * Makes calls one after the other.
   *
   * @returns The wall time of each in milliseconds.
   * @throws {Error} if one ends with another exit status than expected.
   */
  async times(calls: Chain): Promise<number[]> {
    const { times: [times = []] } = await this.timesOfChains([calls], 1);
    return times;
  }

  /** As {@link times}, with `width` clients. `totalMs` is the wall time of all. */
  async timesOfChains(chains: readonly Chain[], width: number): Promise<{
    readonly totalMs: number;
    readonly times: number[][];
  }> {
    const { totalMs, outcomes } = await this.outcomes(chains, width);
    const times = outcomes.map((chain, index) =>
      chain.map(({ tookMs, status, output }, place) => {
        const call = chains[index]?.[place];
        if (status === (call?.expectedCode ?? 0)) return tookMs;
        throw new Error(
          `${call?.program} ${
            call?.env["CNI_COMMAND"]
          }: exit status ${status}: ${output}`,
        );
      })
    );
    return { totalMs, times };
  }

  /**
   * As {@link timesOfChains}, with any exit status; that of a call that was stopped is
   * `STATUS_TIMEOUT`.
   */
  async outcomes(
    chains: readonly Chain[],
    width: number,
  ): Promise<ChainsOutcome> {
    return this.#program === undefined
      ? await outcomesWithDeno(chains, width)
      : await outcomesWith(this.#program, chains, width);
  }
}

async function outcomesWith(
  program: string,
  chains: readonly Chain[],
  width: number,
): Promise<ChainsOutcome> {
  const child = new Deno.Command(program, {
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(formatChains(chains, width)));
  await writer.close();
  const { success, stdout } = await output;
  if (!success) throw new Error(`${program} failed`);
  return parseOutcomes(new TextDecoder().decode(stdout), chains);
}

function formatChains(chains: readonly Chain[], width: number): string {
  const lines = [`width ${width}`];
  for (const chain of chains) {
    lines.push("chain");
    for (const call of chain) lines.push("call", ...formatCall(call));
  }
  return lines.join("\n");
}

function formatCall(
  { program, args = [], env, stdin, group, timeoutMs }: TimedCommand,
): string[] {
  return [
    ...[program, ...args].map((word) => `word ${word}`),
    ...Object.entries(env).map(([name, value]) => `env ${name}=${value}`),
    ...(stdin === undefined ? [] : [`stdin ${stdin}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(timeoutMs === undefined ? [] : [`timeout ${timeoutMs}`]),
  ];
}

function parseOutcomes(text: string, chains: readonly Chain[]): ChainsOutcome {
  const found: CallOutcome[] = [];
  let totalMs = NaN;
  for (const line of text.trimEnd().split("\n")) {
    const [index = "", status, microseconds, ...output] = line.split(" ");
    if (index === "total") totalMs = Number(status) / 1000;
    else {
      found[Number(index)] = {
        tookMs: Number(microseconds) / 1000,
        status: Number(status),
        output: output.join(" "),
      };
    }
  }
  let start = 0;
  const outcomes = chains.map(({ length }) =>
    found.slice(start, start += length)
  );
  return { totalMs, outcomes };
}

async function outcomesWithDeno(
  chains: readonly Chain[],
  width: number,
): Promise<ChainsOutcome> {
  const outcomes: CallOutcome[][] = chains.map(() => []);
  const startMs = performance.now();
  await Promise.all(Array.from({ length: width }, async (_, client) => {
    for (let index = client; index < chains.length; index += width) {
      for (const call of chains[index] ?? []) {
        const { tookMs, status, stdout } = await runToEnd(call);
        outcomes[index]?.push({ tookMs, status, output: stdout });
      }
    }
  }));
  return { totalMs: performance.now() - startMs, outcomes };
}
