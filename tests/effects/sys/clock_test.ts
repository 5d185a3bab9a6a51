import { assertEquals } from "@std/assert";
import {
  bootIdSeconds,
  isFromEarlierBoot,
  nowMs,
} from "../../../lib/sys/clock.ts";

const ROWS = [
  { name: "now", timeMs: () => nowMs(), want: false },
  { name: "an hour from now", timeMs: () => nowMs() + 3_600_000, want: false },
  {
    name: "the boot itself, known to a second",
    timeMs: () => nowMs() - Deno.osUptime() * 1000,
    want: false,
  },
  {
    name: "a minute before the boot",
    timeMs: () => nowMs() - Deno.osUptime() * 1000 - 60_000,
    want: true,
  },
  { name: "1970", timeMs: () => 0, want: true },
] as const;

for (const { name, timeMs, want } of ROWS) {
  Deno.test(`isFromEarlierBoot() returns ${want} for ${name}`, () => {
    assertEquals(isFromEarlierBoot(timeMs()), want);
  });
}

Deno.test("bootIdSeconds() is a whole number of seconds in the past, and stays the same", () => {
  const id = bootIdSeconds() ?? NaN;
  assertEquals([Number.isInteger(id), id * 1000 < nowMs()], [true, true]);
  assertEquals(bootIdSeconds(), id);
});
