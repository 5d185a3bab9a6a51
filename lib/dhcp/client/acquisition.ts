/** The ways into INIT and INIT-REBOOT, and the failure of an acquisition. Pure. @module */

import {
  countRestart,
  pauseMs,
  type ResendLimits,
  restartDelayMs,
} from "./backoff.ts";
import type { ClientContext } from "./event.ts";
import type { Failure } from "./failure.ts";
import {
  type Acquisition,
  type Common,
  commonOf,
  type Exchange,
  type Init,
  type InitReboot,
  type Stopped,
} from "./state.ts";
import { log, randomFraction, type Step, step } from "./step.ts";
import { describeFailure } from "./failure_text.ts";

/**
 * Returns an acquisition that begins now.
 *
 * @param deadlineMs When it fails; Infinity if no caller waits for it.
 * @param earlier `address`: one to request again; `granted`: what to release if the acquisition
 * fails.
 */
export function newAcquisition(
  { nowMs }: ClientContext,
  deadlineMs: number,
  { address, granted }: Partial<Pick<Acquisition, "address" | "granted">> = {},
): Acquisition {
  return {
    startedMs: nowMs,
    deadlineMs,
    xid: undefined,
    exchanges: 0,
    discovers: 0,
    address,
    granted,
    problem: undefined,
  };
}

/** Enters INIT, to send DISCOVER at `startsMs`, or later when the link comes up. */
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

/** Enters INIT-REBOOT, to send REQUEST at `startsMs`, or later when the link comes up. */
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

/** Enters INIT after an exchange without an answer, for a pause. */
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

/**
 * Counts a restart. Returns the new count and when the client may send again: at once the first
 * time.
 */
function restart(
  common: Common,
  context: ClientContext,
  minDelayMs = 0,
): { readonly common: Common; readonly startsMs: number } {
  const { nowMs, settings: { timings } } = context;
  const restarts = countRestart(common.restarts, timings, nowMs);
  const delayMs = restartDelayMs(restarts, timings, randomFraction(context));
  return {
    common: { link: common.link, restarts },
    startsMs: nowMs + Math.max(delayMs, minDelayMs),
  };
}

/** Enters INIT after a refusal, a conflict, a lost lease or a link that went down. */
export function beginAgain(
  common: Common,
  acquisition: Acquisition,
  context: ClientContext,
  minDelayMs = 0,
): Init {
  const begun = restart(common, context, minDelayMs);
  return enterInit(begun.common, acquisition, begun.startsMs);
}

/** Enters INIT-REBOOT after a link that went down. */
export function askAgain(
  common: Common,
  known: Parameters<typeof enterInitReboot>[1],
  context: ClientContext,
): InitReboot {
  const begun = restart(common, context);
  return enterInitReboot(begun.common, known, begun.startsMs);
}

/**
 * Returns an acquisition whose address was refused: no server holds it for the client, which does
 * not request it again. Late answers count no longer.
 */
export function refused(
  acquisition: Acquisition,
  problem: Failure,
): Acquisition {
  return {
    ...acquisition,
    problem,
    xid: undefined,
    address: undefined,
    granted: undefined,
  };
}

/** Returns what limits the waits of an acquisition. */
export function resendLimits(
  acquisition: Acquisition,
  context: ClientContext,
): ResendLimits {
  return {
    resendMaxMs: context.settings.timings.resendMaxMs,
    isAwaited: isAwaited(acquisition),
    random: randomFraction(context),
  };
}

/**
 * Returns how long the client waits for an offer before it pauses. If a caller waits there is no
 * pause: a slow server answers in the end. Without a caller the first wait is `timeoutMs`, and each
 * one twice as long as the one before it, up to `resendMaxMs`.
 */
export function offerTimeoutMs(
  acquisition: Acquisition,
  { nowMs, settings: { timings: { timeoutMs, resendMaxMs } } }: ClientContext,
): number {
  const { deadlineMs, exchanges } = acquisition;
  return isAwaited(acquisition)
    ? deadlineMs - nowMs
    : Math.min(timeoutMs * 2 ** exchanges, Math.max(timeoutMs, resendMaxMs));
}

/**
 * Returns how long the client waits for the answer to its REQUEST: `timeoutMs`, or twice as long as
 * the OFFER took, if the server is slow.
 */
export function ackTimeoutMs(
  { startedMs }: Exchange,
  { nowMs, settings: { timings: { timeoutMs } } }: ClientContext,
): number {
  return Math.max(timeoutMs, 2 * (nowMs - startedMs));
}

/** Enters STOPPED and reports the failure to the caller. */
export function fail(common: Common, failure: Failure): Step {
  const stopped: Stopped = { ...commonOf(common), state: "STOPPED" };
  return step(
    stopped,
    log("warn", "acquisition-failed", { reason: describeFailure(failure) }),
    { kind: "failed", failure },
  );
}

/** Returns what to report when time runs out before an offer was accepted. */
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

/** So many unanswered DISCOVERs mean more than an answer that comes too late for the deadline. */
const SILENT_DISCOVERS = 3;

/** Returns whether a caller waits for the acquisition. */
export function isAwaited({ deadlineMs }: Acquisition): boolean {
  return deadlineMs !== Infinity;
}

/** Returns whether a message asks for an answer by broadcast, after `unanswered` sends. */
export function asksForBroadcast(
  { settings }: ClientContext,
  unanswered: number,
): boolean {
  return settings.broadcast === "auto"
    ? unanswered >= SENDS_BEFORE_BROADCAST
    : settings.broadcast;
}

const SENDS_BEFORE_BROADCAST = 2;
