/**
 * The clock of leases: CLOCK_BOOTTIME.
 *
 * It continues while the machine is suspended, as the server's clock does, and does not jump when
 * the time of day is set. (`setTimeout` and `performance.now` stop while the machine is suspended.)
 *
 * @module
 */

import { checked } from "./errno.ts";
import { libc } from "./libc.ts";

/** The clock id, for clock_gettime(2) and timerfd_create(2). */
export const CLOCK_BOOTTIME = 7;

/** struct timespec { time_t sec; long nsec; }, for one call at a time. */
let timespec: BigInt64Array<ArrayBuffer> | undefined;

/**
 * Returns the milliseconds since the machine was started, with fractions. Time in suspend counts.
 * Never goes back.
 */
export function bootTimeMs(): number {
  timespec ??= new BigInt64Array(2);
  const result = libc().clock_gettime(CLOCK_BOOTTIME, timespec);
  checked(result, "clock_gettime");
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1e3 + Number(nanoseconds) / 1e6;
}
