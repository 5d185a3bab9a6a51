/**
 * The times of a lease: what the server sent, completed and ordered (RFC 2131 section 4.4.5). Pure.
 *
 * @module
 */

/** Option 51, 58 or 59 with this value never ends (RFC 2131 section 3.3). Seconds. */
export const INFINITE_LEASE = 0xffffffff;

/** Times as sent, in seconds; undefined if absent or malformed. */
export interface SentTimes {
  /** Option 51. */
  readonly leaseSeconds: number | undefined;
  /** Option 58. */
  readonly t1Seconds: number | undefined;
  /** Option 59. */
  readonly t2Seconds: number | undefined;
}

/** Times after the REQUEST, in milliseconds: 700 ≤ T1 < T2 < lease; Infinity for never. */
export interface LeaseTimes {
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly leaseMs: number;
  /** The repaired times, one sentence each. */
  readonly warnings: readonly string[];
}

/** Upstream's lease time for an ACK without one. */
const DEFAULT_LEASE_MS = 3_600_000;
/** Renews a lease of one second in time, without a flood; T1 in whole seconds is longer. */
const MIN_T1_MS = 700;
/** A lease time of 0 cannot be intended. This is short enough to ask again soon. */
const ZERO_LEASE_MS = 60_000;

/**
 * Resolves the times of an ACK.
 *
 * A missing T2 becomes 7/8 of the lease time, a missing T1 4/7 of T2, which is 1/2 of the lease by
 * default. Zero, and T1 ≥ T2 or T2 ≥ lease, are repaired the same way ("T1 MUST be earlier than T2,
 * which, in turn, MUST be earlier than the time at which the client's lease will expire"); a
 * missing lease time is 60 minutes, as upstream has it.
 */
export function leaseTimes(sent: SentTimes): LeaseTimes {
  const warnings: string[] = [];
  const lease = toMs(sent.leaseSeconds) ?? DEFAULT_LEASE_MS;
  if (lease === 0) warnings.push("Lease time is 0: taken as 60 s");
  const leaseMs = lease === 0 ? ZERO_LEASE_MS : lease;

  const sentT2 = toMs(sent.t2Seconds);
  const t2Ms = isWithin(sentT2, leaseMs) ? sentT2 : Math.floor(leaseMs * 7 / 8);
  if (sentT2 !== undefined && sentT2 !== t2Ms) {
    warnings.push(repaired("T2", sentT2, t2Ms));
  }

  const sentT1 = toMs(sent.t1Seconds);
  const t1Ms = isWithin(sentT1, t2Ms)
    ? sentT1
    : Math.max(MIN_T1_MS, Math.floor(t2Ms * 4 / 7));
  if (sentT1 !== undefined && sentT1 !== t1Ms) {
    warnings.push(repaired("T1", sentT1, t1Ms));
  }
  return { t1Ms, t2Ms, leaseMs, warnings };
}

function toMs(seconds: number | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  return seconds === INFINITE_LEASE ? Infinity : seconds * 1000;
}

function isWithin(ms: number | undefined, limit: number): ms is number {
  return ms !== undefined && ms > 0 && (ms < limit || limit === Infinity);
}

function repaired(name: string, sentMs: number, usedMs: number): string {
  return `${name} of ${sentMs / 1000} s is out of order: taken as ${
    usedMs / 1000
  } s`;
}
