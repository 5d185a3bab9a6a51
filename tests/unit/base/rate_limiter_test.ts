import { assertEquals } from "@std/assert";
import { RateLimiter } from "../../../lib/base/rate_limiter.ts";

/** When the events happen: as soon as they are allowed after each of these times. */
function eventTimes(
  limiter: RateLimiter,
  wantedMs: readonly number[],
): number[] {
  return wantedMs.map((ms) => {
    const atMs = Math.max(ms, limiter.nextAllowedMs);
    limiter.count(atMs);
    return atMs;
  });
}

for (
  const { name, burst, wantedMs, want } of [
    {
      name: "allows the first event at once and the others an interval apart",
      burst: 1,
      wantedMs: [5, 5, 6, 300],
      want: [5, 105, 205, 305],
    },
    {
      name: "allows a burst at once, then one event per interval",
      burst: 3,
      wantedMs: [5, 6, 7, 8, 9],
      want: [5, 6, 7, 105, 205],
    },
    {
      name: "allows one more event after an idle interval",
      burst: 2,
      wantedMs: [0, 0, 100, 100],
      want: [0, 0, 100, 200],
    },
    {
      name: "allows no more than a burst after a long idle time",
      burst: 2,
      wantedMs: [0, 9000, 9000, 9000],
      want: [0, 9000, 9000, 9100],
    },
  ]
) {
  Deno.test(`RateLimiter ${name}`, () => {
    const limiter = new RateLimiter({ intervalMs: 100, burst });
    assertEquals(eventTimes(limiter, wantedMs), want);
  });
}
