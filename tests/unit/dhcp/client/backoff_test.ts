import { assert, assertEquals } from "@std/assert";
import {
  countRestart,
  NO_RESTARTS,
  pauseMs,
  renewalGapMs,
  requestGapMs,
  resendGapMs,
  restartDelayMs,
} from "../../../../lib/dhcp/client/backoff.ts";
import { DEFAULT_TIMINGS } from "../../../../lib/dhcp/client/settings.ts";
import { testRows } from "../../../support/rows.ts";

const MIDDLE = 0.5;

testRows("resendGapMs()", [
  {
    name: "is 300 ms after the first send",
    sends: 1,
    random: MIDDLE,
    want: 300,
  },
  { name: "has -25 % of jitter then", sends: 1, random: 0, want: 225 },
  { name: "has +25 % of jitter then", sends: 1, random: 1, want: 375 },
  { name: "is 1 s after the second", sends: 2, random: MIDDLE, want: 1000 },
  { name: "has -25 % of jitter then", sends: 2, random: 0, want: 750 },
  { name: "is 1 s after the third", sends: 3, random: MIDDLE, want: 1000 },
  { name: "is 2 s after the fourth", sends: 4, random: MIDDLE, want: 2000 },
  { name: "is 4 s after the sixth", sends: 6, random: MIDDLE, want: 4000 },
  {
    name: "has -1 s of jitter then (RFC 2131 section 4.1)",
    sends: 6,
    random: 0,
    want: 3000,
  },
  {
    name: "has at most +1 s of jitter (RFC 2131 section 4.1)",
    sends: 12,
    random: 1,
    want: 33_000,
  },
  { name: "stays at resendMaxMs", sends: 99, random: MIDDLE, want: 62_000 },
  {
    name: "stays at 64 s (RFC 2131 section 4.1)",
    sends: 99,
    resendMaxMs: 600_000,
    random: MIDDLE,
    want: 64_000,
  },
  { name: "stays there forever", sends: 5000, random: MIDDLE, want: 62_000 },
  {
    name: "stays at 8 s while a caller waits",
    sends: 99,
    isAwaited: true,
    random: MIDDLE,
    want: 8000,
  },
  {
    name: "stays at resendMaxMs while a caller waits",
    sends: 99,
    resendMaxMs: 2000,
    isAwaited: true,
    random: MIDDLE,
    want: 2000,
  },
  {
    name: "is at least 1 s after the second, whatever resendMaxMs is",
    sends: 2,
    resendMaxMs: 0,
    random: MIDDLE,
    want: 1000,
  },
], ({ sends, resendMaxMs = 62_000, isAwaited = false, random, want }) => {
  assertEquals(resendGapMs(sends, { resendMaxMs, isAwaited, random }), want);
});

testRows("requestGapMs()", [
  { name: "is 300 ms after a fast OFFER", sends: 1, tookMs: 2, want: 300 },
  { name: "is the same after the second", sends: 2, tookMs: 2, want: 300 },
  { name: "doubles after the third", sends: 3, tookMs: 2, want: 600 },
  {
    name: "is as long as a slow OFFER took",
    sends: 1,
    tookMs: 1000,
    want: 1000,
  },
  {
    name: "stays at 8 s while a caller waits",
    sends: 1,
    tookMs: 14_000,
    want: 8000,
  },
], ({ sends, tookMs, want }) => {
  const limits = { resendMaxMs: 62_000, isAwaited: true, random: MIDDLE };
  assertEquals(requestGapMs(sends, { ...limits, offerTookMs: tookMs }), want);
});

testRows("pauseMs()", [
  {
    name: "is 2 s after the first exchange",
    exchanges: 1,
    random: MIDDLE,
    want: 2000,
  },
  { name: "doubles", exchanges: 2, random: MIDDLE, want: 4000 },
  { name: "stays at resendMaxMs", exchanges: 9, random: MIDDLE, want: 62_000 },
  {
    name: "stays there forever",
    exchanges: 5000,
    random: MIDDLE,
    want: 62_000,
  },
  {
    name: "has at least -1 s of jitter",
    exchanges: 1,
    random: 0,
    want: 1000,
  },
  {
    name: "has at most +1 s of jitter",
    exchanges: 1,
    random: 1,
    want: 3000,
  },
], ({ exchanges, random, want }) => {
  assertEquals(pauseMs(exchanges, DEFAULT_TIMINGS, random), want);
});

Deno.test("pauseMs() is never below 1 s, even with resendMaxMs 0", () => {
  const timings = { ...DEFAULT_TIMINGS, resendMaxMs: 0 };
  for (let exchanges = 1; exchanges < 20; exchanges++) {
    assert(pauseMs(exchanges, timings, 0) >= 1000);
  }
});

testRows("restartDelayMs()", [
  { name: "is 0 for the first restart", count: 1, want: 0 },
  { name: "is 1 s for the second restart", count: 2, want: 1000 },
  { name: "doubles", count: 5, want: 8000 },
  { name: "stays at resendMaxMs", count: 40, want: 62_000 },
], ({ count, want }) => {
  const restarts = { count, lastMs: 0 };
  assertEquals(restartDelayMs(restarts, DEFAULT_TIMINGS, MIDDLE), want);
});

Deno.test("countRestart() counts restarts in a row and forgets them after two quiet minutes", () => {
  const one = countRestart(NO_RESTARTS, DEFAULT_TIMINGS, 1000);
  const two = countRestart(one, DEFAULT_TIMINGS, 124_999);
  assertEquals([one.count, two.count], [1, 2]);
  const laterMs = two.lastMs + 124_000;
  assertEquals(countRestart(two, DEFAULT_TIMINGS, laterMs).count, 1);
});

testRows("countRestart() remembers", [
  { name: "for at least two minutes", resendMaxMs: 1000, memoryMs: 120_000 },
  {
    name: "for twice the longest wait",
    resendMaxMs: 600_000,
    memoryMs: 1_200_000,
  },
], ({ resendMaxMs, memoryMs }) => {
  const timings = { ...DEFAULT_TIMINGS, resendMaxMs };
  const one = countRestart(NO_RESTARTS, timings, 0);
  const counts = [memoryMs - 1, memoryMs].map((nowMs) =>
    countRestart(one, timings, nowMs).count
  );
  assertEquals(counts, [2, 1]);
});

testRows("renewalGapMs()", [
  {
    name: "is 4 s after the first REQUEST (RFC 2131 section 4.1)",
    sends: 1,
    remaining: 1_350_000,
    phase: 1_350_000,
    want: 4000,
  },
  {
    name: "doubles",
    sends: 4,
    remaining: 1_350_000,
    phase: 1_350_000,
    want: 32_000,
  },
  {
    name:
      'is at most "one-half of the remaining time" (RFC 2131 section 4.4.5)',
    sends: 30,
    remaining: 1_350_000,
    phase: 1_350_000,
    want: 675_000,
  },
  {
    name: '"down to a minimum of 60 seconds"',
    sends: 30,
    remaining: 84_000,
    phase: 1_350_000,
    want: 60_000,
  },
  {
    name: "goes below 60 s where that would be the whole phase",
    sends: 30,
    remaining: 45_000,
    phase: 45_000,
    want: 22_500,
  },
  {
    name: "is an eighth of a short phase at the end of it",
    sends: 30,
    remaining: 4000,
    phase: 45_000,
    want: 5625,
  },
  { name: "is never below 1 s", sends: 1, remaining: 0, phase: 1, want: 1000 },
  {
    name: "is at most a day",
    sends: 30,
    remaining: Infinity,
    phase: Infinity,
    want: 86_400_000,
  },
], ({ sends, remaining: remainingMs, phase: phaseMs, want }) => {
  assertEquals(
    renewalGapMs(sends, { remainingMs, phaseMs, random: MIDDLE }),
    want,
  );
});
