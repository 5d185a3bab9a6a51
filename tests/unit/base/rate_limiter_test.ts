import { assertEquals } from "@std/assert";
import { Pace } from "../../../lib/base/rate_limiter.ts";

/** When it happens if it is wanted at each of these times, and done as soon as it may be. */
function happenings(pace: Pace, wantedMs: readonly number[]): number[] {
  return wantedMs.map((ms) => {
    const atMs = Math.max(ms, pace.nextMs);
    pace.take(atMs);
    return atMs;
  });
}

for (
  const { name, burst, wantedMs, want } of [
    {
      name: "the first at once, the others an interval apart",
      burst: 1,
      wantedMs: [5, 5, 6, 300],
      want: [5, 105, 205, 305],
    },
    {
      name: "a burst at once, then one an interval",
      burst: 3,
      wantedMs: [5, 6, 7, 8, 9],
      want: [5, 6, 7, 105, 205],
    },
    {
      name: "after a rest of an interval one more",
      burst: 2,
      wantedMs: [0, 0, 100, 100],
      want: [0, 0, 100, 200],
    },
    {
      name: "a long rest gives no more than a burst",
      burst: 2,
      wantedMs: [0, 9000, 9000, 9000],
      want: [0, 9000, 9000, 9100],
    },
  ]
) {
  Deno.test(`Pace: ${name}`, () => {
    const pace = new Pace({ intervalMs: 100, burst });
    assertEquals(happenings(pace, wantedMs), want);
  });
}
