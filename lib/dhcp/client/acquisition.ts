/** Beginning, pausing, beginning again and giving up: the ways into INIT and out of an acquisition. Pure. @module */

import { countRestart, pauseMs, restartDelayMs } from "./backoff.ts";
import type { ClientContext } from "./event.ts";
import { describeFailure, type Failure } from "./failure.ts";
import {
  type Acquisition,
  type Common,
  commonOf,
  type Init,
  type InitReboot,
  type Stopped,
} from "./state.ts";
import { log, randomFraction, type Step, step } from "./step.ts";

/**
 * An acquisition that begins now.
 *
 * @param deadlineMs When it fails; Infinity if nobody waits for it.
 * @param wish `address`, one to ask for again; `granted`, what to give back if there is no lease in the end.
 */
export function newAcquisition(
  { nowMs }: ClientContext,
  deadlineMs: number,
  { address, granted }: Partial<Pick<Acquisition, "address" | "granted">> = {},
): Acquisition {
  return {
    startedMs: nowMs,
    deadlineMs,
    exchanges: 0,
    discovers: 0,
    address,
    granted,
    problem: undefined,
  };
}

/** INIT, to send DISCOVER at `startsMs`, or once the link is up after that. */
export function enterInit(
  common: Common,
  acquisition: Acquisition,
  startsMs: number,
): Init {
  return {
    ...commonOf(common),
    state: "INIT",
    acquisition,
    startsMs,
  };
}

/** INIT-REBOOT, to send REQUEST at `startsMs`, or once the link is up after that. */
export function enterInitReboot(
  common: Common,
  { acquisition, address, lease }: Pick<
    InitReboot,
    "acquisition" | "address" | "lease"
  >,
  startsMs: number,
): InitReboot {
  return {
    ...commonOf(common),
    state: "INIT-REBOOT",
    acquisition,
    address,
    lease,
    startsMs,
  };
}

/** INIT after an exchange that found no answer. */
export function pause(
  common: Common,
  acquisition: Acquisition,
  context: ClientContext,
): Init {
  const exchanges = acquisition.exchanges + 1;
  const { timings } = context.settings;
  const waitMs = pauseMs(exchanges, timings, randomFraction(context));
  return enterInit(
    common,
    { ...acquisition, exchanges },
    context.nowMs + waitMs,
  );
}

/** Counts a restart. @returns The count to go on with, and when the client may send again: the first time at once. */
function restart(
  common: Common,
  context: ClientContext,
  leastDelayMs = 0,
): { readonly common: Common; readonly startsMs: number } {
  const { nowMs, settings: { timings } } = context;
  const restarts = countRestart(common.restarts, timings, nowMs);
  const delayMs = restartDelayMs(restarts, timings, randomFraction(context));
  return {
    common: { link: common.link, restarts },
    startsMs: nowMs + Math.max(delayMs, leastDelayMs),
  };
}

/** INIT after a refusal, a loss or a new link. */
export function beginAgain(
  common: Common,
  acquisition: Acquisition,
  context: ClientContext,
  leastDelayMs = 0,
): Init {
  const begun = restart(common, context, leastDelayMs);
  return enterInit(begun.common, acquisition, begun.startsMs);
}

/** INIT-REBOOT after a link that went away. */
export function askAgain(
  common: Common,
  known: Parameters<typeof enterInitReboot>[1],
  context: ClientContext,
): InitReboot {
  const begun = restart(common, context);
  return enterInitReboot(begun.common, known, begun.startsMs);
}

/** An acquisition whose address was refused: nobody holds it for the client any more, and it is not asked for again. */
export function refused(
  acquisition: Acquisition,
  problem: Failure,
): Acquisition {
  return { ...acquisition, problem, address: undefined, granted: undefined };
}

/** STOPPED: the caller is told what failed. */
export function fail(common: Common, failure: Failure): Step {
  const stopped: Stopped = { ...commonOf(common), state: "STOPPED" };
  return step(
    stopped,
    log("warn", "acquisition-failed", { reason: describeFailure(failure) }),
    { kind: "failed", failure },
  );
}

/** What to report when time runs out before an offer was taken. */
export function failureSoFar(
  { link }: Common,
  { problem, discovers }: Acquisition,
): Failure {
  if (link === "down") return { kind: "link-down" };
  if (problem === undefined) return { kind: "no-offer", discovers };
  return discovers < SILENT_DISCOVERS || problem.kind === "offer-refused"
    ? problem
    : { kind: "no-offer", discovers, before: problem };
}

/** So many that nobody answered are more than an answer that comes too late for the deadline. */
const SILENT_DISCOVERS = 4;

/** Whether somebody waits for the acquisition. */
export function isAwaited({ deadlineMs }: Acquisition): boolean {
  return deadlineMs !== Infinity;
}

/** Whether a message with so many unanswered sends before it asks for an answer by broadcast. */
export function asksForBroadcast(
  { settings }: ClientContext,
  unanswered: number,
): boolean {
  return settings.broadcast === "auto"
    ? unanswered >= SENDS_BEFORE_BROADCAST
    : settings.broadcast;
}

const SENDS_BEFORE_BROADCAST = 2;
