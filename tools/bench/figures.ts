/** What the benchmark measures, and its targets. Pure. @module */

import type { ScriptFigures } from "./script.ts";

/** One number per plugin. */
export interface Pair {
  readonly ours: number;
  readonly upstream: number;
}

/** Figures of networks of one size; times in milliseconds. */
export interface SizeFigures {
  readonly reservations: number;
  /** Ours on a network whose index is missing; upstream has none. */
  readonly coldAddMs: number;
  readonly addMs: Pair;
  readonly delMs: Pair;
  /** Calls per second, half of them ADD and half DEL, with {@link CLIENTS} at a time. */
  readonly rate: Pair;
}

/** The times of a call that changes nothing, in milliseconds. */
export interface NoEffectFigures {
  readonly call: string;
  /** In a network without other reservations. */
  readonly none: Pair;
  /** In a network with {@link MANY_RESERVATIONS} others. */
  readonly many: Pair;
}

/** All figures of a run. */
export interface Figures {
  readonly versionMs: Pair & { readonly empty: number };
  /** VERSION, ADD and DEL under `deno run`. */
  readonly scripts: ScriptFigures;
  readonly sizes: readonly SizeFigures[];
  readonly noEffect: readonly NoEffectFigures[];
  readonly bridgeAddMs: Pair;
  readonly bridgeDelMs: Pair;
}

/** The number of concurrent clients where the rate is measured. */
export const CLIENTS = 16;

/** The number of reservations of the largest network. */
export const MANY_RESERVATIONS = 60_000;

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

function atLeast(text: string, value: number, limit: number): Target {
  return {
    text: `${text}: at least ${limit}`,
    value,
    limit,
    isReached: value >= limit,
  };
}

/** Returns a target for each call that `limits` names, relative to an empty script. */
export function scriptTargets(
  { emptyMs, callMs }: ScriptFigures,
  limits: Readonly<Record<string, number>>,
): Target[] {
  return Object.entries(limits).map(([call, limit]) =>
    atMost(
      `${call} under \`deno run\`, relative to an empty script`,
      (callMs[call] ?? NaN) / emptyMs,
      limit,
    )
  );
}

/** Returns the targets with what was measured. */
export function targetsOf(
  { versionMs, scripts, sizes, noEffect, bridgeAddMs }: Figures,
): Target[] {
  const at = (reservations: number): SizeFigures => {
    const found = sizes.find((size) => size.reservations === reservations);
    if (found === undefined) {
      throw new RangeError(`No figures for ${reservations} reservations`);
    }
    return found;
  };
  return [
    atMost(
      "VERSION, relative to an empty script",
      versionMs.ours / versionMs.empty,
      1.15,
    ),
    ...scriptTargets(scripts, { VERSION: 1.12, ADD: 1.55 }),
    atMost(
      "ADD with 60,000 reservations, relative to none",
      at(MANY_RESERVATIONS).addMs.ours / at(0).addMs.ours,
      1.3,
    ),
    atMost(
      "slowest call without effect with 60,000 reservations, relative to none",
      Math.max(...noEffect.map(({ none, many }) => many.ours / none.ours)),
      1.3,
    ),
    atLeast(
      "ADD with 60,000 reservations, speed relative to upstream",
      at(MANY_RESERVATIONS).addMs.upstream / at(MANY_RESERVATIONS).addMs.ours,
      10,
    ),
    atLeast(
      `${CLIENTS} clients, 4,000 reservations, rate relative to upstream`,
      at(4_000).rate.ours / at(4_000).rate.upstream,
      3,
    ),
    atMost(
      "bridge ADD, time relative to upstream",
      bridgeAddMs.ours / bridgeAddMs.upstream,
      1.25,
    ),
  ];
}
