/** Targets of a benchmark. Pure. @module */

import type { PerEngine } from "./engines.ts";
import type { ScriptFigures } from "./script.ts";

/** A target, and what was measured. */
export interface Target {
  readonly text: string;
  readonly value: number;
  readonly limit: number;
  readonly isReached: boolean;
}

/** Returns a target that is reached if `value` is at most `limit`. */
export function atMost(text: string, value: number, limit: number): Target {
  return {
    text: `${text}: at most ${limit}`,
    value,
    limit,
    isReached: value <= limit,
  };
}

/** Returns a target that is reached if `value` is at least `limit`. */
export function atLeast(text: string, value: number, limit: number): Target {
  return {
    text: `${text}: at least ${limit}`,
    value,
    limit,
    isReached: value >= limit,
  };
}

/** Returns the resident engine's value relative to upstream's. */
export function relative({ resident, upstream }: PerEngine<number>): number {
  return resident / upstream;
}

/** Returns a target for each call that `limits` names, relative to an empty script. */
export function scriptTargets(
  { emptyMs, callMs }: ScriptFigures,
  limits: Readonly<Record<string, number>>,
): Target[] {
  return Object.entries(limits).map(([call, limit]) =>
    atMost(
      `standalone: ${call} under \`deno run\`, relative to an empty script`,
      (callMs[call] ?? NaN) / emptyMs,
      limit,
    )
  );
}
