/** What the benchmark of host-local measures, and its targets. Pure. @module */

import type { PerEngine } from "../engines.ts";
import type { ScriptFigures } from "../script.ts";
import {
  atLeast,
  atMost,
  relative,
  scriptTargets,
  type Target,
} from "../targets.ts";

/** Figures of networks of one size; times in milliseconds. */
export interface SizeFigures {
  readonly reservations: number;
  /** Of the standalone executable in a network whose index is missing. */
  readonly coldAddMs: number;
  readonly addMs: PerEngine<number>;
  readonly delMs: PerEngine<number>;
  /** Calls per second, half of them ADD and half DEL, with {@link CLIENTS} at a time. */
  readonly rate: PerEngine<number>;
}

/** The times of a call that changes nothing, in milliseconds. */
export interface NoEffectFigures {
  readonly call: string;
  /** In a network without other reservations. */
  readonly none: PerEngine<number>;
  /** In a network with {@link MANY_RESERVATIONS} others. */
  readonly many: PerEngine<number>;
}

/** Simultaneous ADDs. */
export interface BurstFigures {
  readonly calls: number;
  /** From the start of the first to the end of the last. */
  readonly tookMs: PerEngine<number>;
  /** How many ADDs of all rounds failed. */
  readonly failed: PerEngine<number>;
  /** Peak memory of all processes, the resident process included; or why it is not known. */
  readonly peakMb: PerEngine<number> | string;
}

/** An ADD in a control group. */
export interface LimitFigures {
  readonly limit: string;
  /** Infinity if the call was stopped; or why it is not known. */
  readonly addMs: PerEngine<number> | string;
}

/** The memory of the resident process. */
export interface MemoryFigures {
  readonly firstCalls: number;
  readonly calls: number;
  /** After `firstCalls`, and after `calls`. */
  readonly beforeMb: number;
  readonly afterMb: number;
}

/** All figures of a run. */
export interface Figures {
  /** `true`: /bin/true; `empty`: an empty script, compiled as the plugin is. */
  readonly startMs: PerEngine<number> & {
    readonly true: number;
    readonly empty: number;
  };
  /** VERSION, ADD and DEL under `deno run`. */
  readonly scripts: ScriptFigures;
  readonly sizes: readonly SizeFigures[];
  readonly noEffect: readonly NoEffectFigures[];
  readonly bridgeAddMs: PerEngine<number>;
  readonly bridgeDelMs: PerEngine<number>;
  readonly bursts: readonly BurstFigures[];
  readonly limits: readonly LimitFigures[];
  readonly memory: MemoryFigures;
}

/** The number of concurrent clients where the rate is measured. */
export const CLIENTS = 16;

/** The number of reservations of the largest network. */
export const MANY_RESERVATIONS = 60_000;

/** How long a call in a control group may take before it is stopped. */
export const LIMIT_TIMEOUT_MS = 20_000;

/** Returns the targets with what was measured. */
export function targetsOf(figures: Figures): Target[] {
  return [...residentTargets(figures), ...standaloneTargets(figures)];
}

function residentTargets(
  { sizes, noEffect, bridgeAddMs, bursts }: Figures,
): Target[] {
  const add = (reservations: number, limit: number): Target =>
    atMost(
      `ADD, ${
        reservations.toLocaleString("en-US")
      } reservations, relative to upstream`,
      relative(sizeOf(sizes, reservations).addMs),
      limit,
    );
  const rate = (reservations: number, limit: number): Target =>
    atLeast(
      `${CLIENTS} clients, ${
        reservations.toLocaleString("en-US")
      } reservations, rate relative to upstream`,
      relative(sizeOf(sizes, reservations).rate),
      limit,
    );
  const many = sizeOf(sizes, MANY_RESERVATIONS).addMs.resident;
  return [
    add(0, 1),
    add(250, 0.6),
    add(MANY_RESERVATIONS, 0.02),
    atMost(
      "ADD with 60,000 reservations, relative to none",
      many / sizeOf(sizes, 0).addMs.resident,
      1.3,
    ),
    atMost(
      "slowest call without effect with 60,000 reservations, relative to none",
      Math.max(
        ...noEffect.map(({ none, many }) => many.resident / none.resident),
      ),
      1.3,
    ),
    rate(0, 1.2),
    rate(4_000, 25),
    atMost("bridge ADD, relative to upstream", relative(bridgeAddMs), 1.05),
    ...bursts.slice(0, 1).flatMap(burstTargets),
  ].map((target) => ({ ...target, text: `resident: ${target.text}` }));
}

function burstTargets({ calls, tookMs, peakMb }: BurstFigures): Target[] {
  const peak = typeof peakMb === "string"
    ? []
    : [atMost(`${calls} ADDs at once, peak memory, MB`, peakMb.resident, 150)];
  return [
    atMost(
      `${calls} ADDs at once, time relative to upstream`,
      relative(tookMs),
      1,
    ),
    ...peak,
  ];
}

function standaloneTargets(
  { startMs, scripts, sizes, noEffect }: Figures,
): Target[] {
  const many = sizeOf(sizes, MANY_RESERVATIONS).addMs.standalone;
  return [
    atMost(
      "standalone: VERSION, relative to an empty script",
      startMs.standalone / startMs.empty,
      1.15,
    ),
    ...scriptTargets(scripts, { VERSION: 1.12, ADD: 1.55 }),
    atMost(
      "standalone: ADD with 60,000 reservations, relative to none",
      many / sizeOf(sizes, 0).addMs.standalone,
      1.3,
    ),
    atMost(
      "standalone: slowest call without effect with 60,000 reservations, relative to none",
      Math.max(
        ...noEffect.map(({ none, many }) => many.standalone / none.standalone),
      ),
      1.3,
    ),
  ];
}

function sizeOf(
  sizes: readonly SizeFigures[],
  reservations: number,
): SizeFigures {
  const found = sizes.find((size) => size.reservations === reservations);
  if (found === undefined) {
    throw new RangeError(`No figures for ${reservations} reservations`);
  }
  return found;
}
