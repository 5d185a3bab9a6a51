/** The wall clock, when the machine was started, and the limit of timers. @module */

/** The longest that `setTimeout` waits, 24 days; a longer wait ends at once. */
export const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** `Deno.osUptime` counts whole seconds, so the start is known to a second; the other second is for a clock being set. */
const BOOT_TOLERANCE_MS = 2_000;

/** Milliseconds since 1970. */
export function nowMs(): number {
  return Date.now();
}

/** Whether a time of the wall clock lies before the last start of the machine. Needs the permission `sys=osUptime`. */
export function isFromEarlierBoot(timeMs: number): boolean {
  const bootMs = Date.now() - Deno.osUptime() * 1000;
  return timeMs < bootMs - BOOT_TOLERANCE_MS;
}
