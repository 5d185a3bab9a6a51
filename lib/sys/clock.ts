/** The wall clock, and when the machine was started. @module */

/**
 * `Deno.osUptime` returns whole seconds, so the boot time is known to within one second. The other
 * second allows for changes of the wall clock.
 */
const BOOT_TOLERANCE_MS = 2_000;

/** Returns the wall clock, in milliseconds since 1970. */
export function nowMs(): number {
  return Date.now();
}

/**
 * Returns whether `timeMs`, in milliseconds since 1970, is before the last boot of the machine.
 * Needs the permission `sys=osUptime`.
 */
export function isFromEarlierBoot(timeMs: number): boolean {
  const bootMs = Date.now() - Deno.osUptime() * 1000;
  return timeMs < bootMs - BOOT_TOLERANCE_MS;
}
