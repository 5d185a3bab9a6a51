/**
 * How long a client waits: between retransmissions, between exchanges, before a restart, and
 * between the REQUESTs of a renewal.
 *
 * Each function takes `random`, uniform in [0, 1); all times are in milliseconds. Pure.
 *
 * @module
 */

import type { Timings } from "./settings.ts";

/** A link that comes up may swallow the first frame. */
const EARLY_REPEAT_MS = 300;
const FIRST_RESEND_GAP_MS = 1000;
const MIN_REQUEST_GAP_MS = 300;
/** "The delay [...] up to a maximum of 64 seconds" (RFC 2131 section 4.1). */
const MAX_RESEND_GAP_MS = 64_000;
/** A caller waits for a minute: a longer gap would be a large part of it. */
const MAX_AWAITED_GAP_MS = 8000;
/** "Randomized by the value of a uniform random number chosen from the range -1 to +1" (ibid.). */
const MAX_JITTER_MS = 1000;
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

/** What limits the wait between two sends of a message, and its jitter. */
export interface ResendLimits {
  readonly resendMaxMs: number;
  /** Whether a caller waits. */
  readonly isAwaited: boolean;
  readonly random: number;
}

/**
 * Returns the wait between two DISCOVERs, or REQUESTs of INIT-REBOOT: an early repeat after 0.3 s,
 * then 1 s, doubling up to 64 s or `resendMaxMs`, each step used twice, ±25 % and at most ±1 s.
 * While a caller waits it is at most 8 s.
 *
 * RFC 2131 section 4.1 requires such a backoff, and has 4 s as an example of the first wait. With a
 * fifth of all frames lost, 4 s and steps used once bring the 99th percentile of an acquisition
 * from 5 s to 27 s. A client that no server answers sends 13 DISCOVERs a minute, not 9.
 *
 * @param sends How often the message was sent already, at least 1.
 */
export function resendGapMs(sends: number, limits: ResendLimits): number {
  return sends === 1
    ? spread(EARLY_REPEAT_MS, limits.random)
    : limited(doubled(FIRST_RESEND_GAP_MS, sends - 1), limits);
}

/**
 * Returns the wait between two REQUESTs for an offer: as long as the OFFER took, at least 0.3 s,
 * doubling with the limits of {@link resendGapMs}, each step used twice. The server is there: an
 * answer that does not come was lost.
 *
 * @param sends How often the REQUEST was sent already, at least 1.
 */
export function requestGapMs(
  sends: number,
  { offerTookMs, ...limits }: ResendLimits & { readonly offerTookMs: number },
): number {
  const firstMs = Math.max(offerTookMs, MIN_REQUEST_GAP_MS);
  return limited(doubled(firstMs, sends), limits);
}

function doubled(firstMs: number, steps: number): number {
  return firstMs * 2 ** Math.floor((steps - 1) / 2);
}

function limited(
  wantedMs: number,
  { resendMaxMs, isAwaited, random }: ResendLimits,
): number {
  const max = Math.min(
    isAwaited ? MAX_AWAITED_GAP_MS : MAX_RESEND_GAP_MS,
    Math.max(resendMaxMs, FIRST_RESEND_GAP_MS),
  );
  const nominal = Math.min(wantedMs, max);
  const jitter = Math.min(nominal / 4, MAX_JITTER_MS);
  return Math.round(nominal + (random * 2 - 1) * jitter);
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
