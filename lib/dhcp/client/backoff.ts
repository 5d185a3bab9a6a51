/**
 * How long a client waits: between retransmissions, between exchanges, before a restart, and
 * between the REQUESTs of a renewal.
 *
 * Each function takes `random`, uniform in [0, 1); all times are in milliseconds. Pure.
 *
 * @module
 */

import type { Timings } from "./settings.ts";

/** "The delay [...] up to a maximum of 64 seconds" (RFC 2131 section 4.1). */
const MAX_RESEND_GAP_MS = 64_000;
const FIRST_PAUSE_MS = 2000;
const PAUSE_JITTER_MS = 1000;
const FIRST_RESTART_MS = 1000;
/** Restarts are unrelated if they are further apart than this, and than twice the longest wait. */
const RESTART_MEMORY_MS = 120_000;
const FIRST_RENEWAL_GAP_MS = 4000;
const MIN_RENEWAL_GAP_MS = 1000;
/** "down to a minimum of 60 seconds" (RFC 2131 section 4.4.5). */
const USUAL_RENEWAL_GAP_MS = 60_000;
const MAX_RENEWAL_GAP_MS = 86_400_000;

/**
 * Returns the wait between two sends of one message: doubling with ±25 % of jitter (RFC 2131
 * section 4.1), each step used twice.
 *
 * That section begins at 4 s: too long for a container whose frame a bridge lost. Each step is used
 * twice because a second loss in a row is far likelier than a congested network: with a fifth of
 * all frames lost, it brings the 99th percentile of an acquisition from above 8 s to below 3 s.
 *
 * @param sends How often the message was sent already, at least 1.
 */
export function resendGapMs(
  sends: number,
  { firstResendMs }: Timings,
  random: number,
): number {
  const nominal = firstResendMs * 2 ** Math.floor((sends - 1) / 2);
  return spread(Math.min(nominal, MAX_RESEND_GAP_MS), random);
}

/**
 * Returns the pause after an exchange without an answer: 2 s, doubling up to `resendMaxMs` (2 s if
 * that is less), ±1 s.
 *
 * @param exchanges Unanswered exchanges so far, at least 1.
 */
export function pauseMs(
  exchanges: number,
  { resendMaxMs }: Timings,
  random: number,
): number {
  const max = Math.max(FIRST_PAUSE_MS, resendMaxMs);
  const nominal = Math.min(FIRST_PAUSE_MS * 2 ** (exchanges - 1), max);
  return Math.round(nominal + (random * 2 - 1) * PAUSE_JITTER_MS);
}

/**
 * How often a client had to restart lately: after a NAK, a conflict, an expired lease or a link
 * that went down.
 */
export interface Restarts {
  readonly count: number;
  readonly lastMs: number;
}

/** No restart yet. */
export const NO_RESTARTS: Restarts = { count: 0, lastMs: -Infinity };

/** Counts one restart; earlier restarts are forgotten after a quiet time. */
export function countRestart(
  restarts: Restarts,
  { resendMaxMs }: Timings,
  nowMs: number,
): Restarts {
  const memoryMs = Math.max(RESTART_MEMORY_MS, 2 * resendMaxMs);
  const isRecent = nowMs - restarts.lastMs < memoryMs;
  const count = isRecent ? restarts.count + 1 : 1;
  return { count, lastMs: nowMs };
}

/**
 * Returns the wait before a restart: none the first time, as a NAK is obeyed at once (RFC 2131
 * section 3.1 step 4), then 1 s, doubling up to `resendMaxMs`, ±25 %. A server that refuses or
 * expires every address cannot make a client flood.
 */
export function restartDelayMs(
  { count }: Restarts,
  { resendMaxMs }: Timings,
  random: number,
): number {
  if (count <= 1) return 0;
  const max = Math.max(FIRST_RESTART_MS, resendMaxMs);
  return spread(Math.min(FIRST_RESTART_MS * 2 ** (count - 2), max), random);
}

/**
 * Returns the wait between two REQUESTs in RENEWING or REBINDING: 4 s, doubling, ±25 %, as for any
 * lost message (RFC 2131 section 4.1), but at most "one-half of the remaining time [...], down to a
 * minimum of 60 seconds" (section 4.4.5).
 *
 * That rule alone allows ten REQUESTs for a lease of one hour, which would sometimes be lost on a
 * network that loses frames. Where its minimum would allow a short lease a single REQUEST, the
 * minimum is an eighth of the whole phase, at least 1 s.
 *
 * @param sends REQUESTs sent in this phase already, at least 1.
 * @param remainingMs Until the phase ends; may be Infinity.
 * @param phaseMs Length of the whole phase; may be Infinity.
 */
export function renewalGapMs(
  sends: number,
  { remainingMs, phaseMs, random }: {
    readonly remainingMs: number;
    readonly phaseMs: number;
    readonly random: number;
  },
): number {
  const min = clamp(phaseMs / 8, MIN_RENEWAL_GAP_MS, USUAL_RENEWAL_GAP_MS);
  const max = clamp(remainingMs / 2, min, MAX_RENEWAL_GAP_MS);
  return Math.min(spread(FIRST_RENEWAL_GAP_MS * 2 ** (sends - 1), random), max);
}

function spread(nominalMs: number, random: number): number {
  return Math.round(nominalMs * (0.75 + random / 2));
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
