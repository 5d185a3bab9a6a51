/**
 * The clock of leases: CLOCK_BOOTTIME, which goes on while the machine is suspended, as the server's does, and does not
 * jump when somebody sets the time of day. (`setTimeout` and `performance.now` stand still in a suspend.) @module
 */

import { checked } from "./errno.ts";
import { libc } from "./libc.ts";

/** The number of the clock. */
export const CLOCK_BOOTTIME = 7;

/** Milliseconds since the machine was started, suspends included; fractions are real. Never goes back. */
export function bootTimeMs(): number {
  // struct timespec { time_t sec; long nsec; }
  const timespec = new BigInt64Array(2);
  const result = libc().clock_gettime(CLOCK_BOOTTIME, timespec);
  checked(result, "clock_gettime");
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1e3 + Number(nanoseconds) / 1e6;
}
