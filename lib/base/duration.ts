/** Durations as text in the notation of Go, upstream's language: `1m2s`, `250ms`. Pure. @module */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

// Each digit can match in one way only, so that matching takes linear time.
const NUMBER = "([0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)";
const UNIT = "(ns|us|µs|μs|ms|s|m|h)";
const WHOLE = new RegExp(`^([-+]?)((?:${NUMBER}${UNIT})+)$`, "u");
const PART = new RegExp(`${NUMBER}${UNIT}`, "gu");

/**
 * Parses a duration: numbers, each with a unit, without spaces. Only `0` may have no unit.
 *
 * @returns Milliseconds, possibly negative or fractional. Undefined if `text` is not a duration.
 */
export function parseDuration(text: string): number | undefined {
  if (/^[-+]?0$/.test(text)) return 0;
  const [, sign, parts = ""] = text.match(WHOLE) ?? [];
  if (sign === undefined) return undefined;
  const ms = [...parts.matchAll(PART)].reduce(
    (sum, [, number, unit = ""]) => sum + Number(number) * (UNIT_MS[unit] ?? 0),
    0,
  );
  return sign === "-" ? -ms : ms;
}

/**
 * Formats a duration as upstream prints it: `3m28s`, `1h0m0s`, `1.5s`; below a second `250ms`.
 *
 * @param ms Milliseconds, not negative.
 */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
