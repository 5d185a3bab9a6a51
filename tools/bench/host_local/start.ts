/** The start of each program: a VERSION call. @module */

import { REPOSITORY } from "../../repository.ts";
import type { Caller } from "../caller.ts";
import { type Engine, perEngine } from "../engines.ts";
import { median, type TimedCommand } from "../process_time.ts";
import type { Figures } from "./figures.ts";
import type { Programs } from "./programs.ts";

/** An empty script, compiled as the plugin is. */
export const EMPTY = Deno.env.get("EMPTY_BIN") ?? `${REPOSITORY}/dist/empty`;

const ROUNDS = 61;

type Program = Engine | "true" | "empty";

/** As `ENGINE_GROUPS`. */
const GROUPS: readonly (readonly Program[])[] = [
  ["resident", "upstream", "true"],
  ["standalone", "empty"],
];

/** Measures VERSION with each engine, /bin/true and the empty script. */
export async function measureStart(
  caller: Caller,
  { paths }: Programs,
): Promise<Figures["startMs"]> {
  const programs: Readonly<Record<Program, string>> = {
    ...paths,
    true: "/bin/true",
    empty: EMPTY,
  };
  const startMs = { ...perEngine(() => NaN), true: NaN, empty: NaN };
  for (const group of GROUPS) {
    const calls = group.map((name): TimedCommand => ({
      program: programs[name],
      env: { CNI_COMMAND: "VERSION" },
    }));
    const rounds: number[][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push(await caller.times(calls));
    }
    for (const [index, name] of group.entries()) {
      startMs[name] = median(rounds.map((times) => times[index] ?? NaN));
    }
  }
  return startMs;
}
