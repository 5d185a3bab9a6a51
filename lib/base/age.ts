/** Durations as text for operators: `3h12m`. Pure. @module */

const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const;

/** Formats a number of milliseconds as its two largest units, as in `3h12m`. */
export function formatAge(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1000));
  const parts = UNITS.flatMap(([unit, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return count === 0 ? [] : [`${count}${unit}`];
  });
  return parts.slice(0, 2).join("") || "0s";
}
