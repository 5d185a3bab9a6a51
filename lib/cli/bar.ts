/** A bar that shows a share of a whole. Pure. @module */

/** Returns a bar such as `[####------]`. Any share above zero is visible; only 1 fills the bar. */
export function formatBar(share: number, width: number): string {
  const inside = width - 2;
  const exact = Math.round(share * inside);
  const filled = share <= 0
    ? 0
    : share >= 1
    ? inside
    : Math.min(inside - 1, Math.max(1, exact));
  return `[${"#".repeat(filled)}${"-".repeat(inside - filled)}]`;
}
