/** The start of each program: a VERSION call. @module */

import { REPOSITORY } from "../../repository.ts";
import type { Caller } from "../caller.ts";
import { type Engine, ENGINES } from "../engines.ts";
import { median, type TimedCommand } from "../process_time.ts";
import type { Figures } from "./figures.ts";
import type { Programs } from "./programs.ts";

/** An empty script, compiled as the plugin is. */
export const EMPTY = Deno.env.get("EMPTY_BIN") ?? `${REPOSITORY}/dist/empty`;

const ROUNDS = 61;

/** Measures VERSION with each engine, /bin/true and the empty script, alternately. */
export async function measureStart(
  caller: Caller,
  { paths }: Programs,
): Promise<Figures["startMs"]> {
  const names = [...ENGINES, "true", "empty"] as const;
  const programs: Record<typeof names[number], string> = {
    ...paths,
    true: "/bin/true",
    empty: EMPTY,
  };
  const calls = names.map((name): TimedCommand => ({
    program: programs[name],
    env: { CNI_COMMAND: "VERSION" },
  }));
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push(await caller.times(calls));
  }
  const of = (name: Engine | "true" | "empty"): number =>
    median(rounds.map((times) => times[names.indexOf(name)] ?? NaN));
  return {
    resident: of("resident"),
    standalone: of("standalone"),
    upstream: of("upstream"),
    true: of("true"),
    empty: of("empty"),
  };
}
