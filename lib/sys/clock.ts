/** The wall clock, and when the machine was started. @module */

/** Created by the kernel when it starts. The sandbox allows no path under /proc. */
const BOOT_FILE = "/dev/null";

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
 * Returns a number of seconds that stays the same while the machine runs, whatever happens to its
 * clock, and is another one after the next boot: the time at which the kernel made /dev/null.
 *
 * @returns Undefined if there is no such file.
 */
export function bootIdSeconds(): number | undefined {
  try {
    const { mtime } = Deno.lstatSync(BOOT_FILE);
    return mtime === null ? undefined : Math.floor(mtime.getTime() / 1000);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Returns the time of the boot by the clock of then, in milliseconds since 1970; undefined if it is
 * not known. Later changes of the clock do not change it.
 */
export function bootClockMs(): number | undefined {
  const seconds = bootIdSeconds();
  return seconds === undefined ? undefined : seconds * 1000;
}

/** Returns the seconds since the boot, rounded down. Needs the permission `sys=osUptime`. */
export function uptimeSeconds(): number {
  return Math.floor(Deno.osUptime());
}

/**
 * Returns whether `timeMs`, in milliseconds since 1970, is before the last boot of the machine, by
 * its clock as it is now. A clock that is set forward makes recent times look like that. Needs the
 * permission `sys=osUptime`.
 */
export function isFromEarlierBoot(timeMs: number): boolean {
  return timeMs < earlierBootLimitMs();
}

/** Returns the time before which {@link isFromEarlierBoot} is true, in milliseconds since 1970. */
export function earlierBootLimitMs(): number {
  const bootMs = Date.now() - Deno.osUptime() * 1000;
  return bootMs - BOOT_TOLERANCE_MS;
}
