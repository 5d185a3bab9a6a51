/**
 * Which address of a range set comes next, round robin. Pure: {@link FreeAddresses} knows what is
 * taken.
 *
 * @module
 */

import { addressPlus, type IpAddress } from "../net/ip_address.ts";
import type { Interval } from "./exclude.ts";
import { includedIntervals } from "./range.ts";
import { findRange, isGateway, type RangeSet } from "./range_set.ts";

/** Knows which addresses are free. */
export interface FreeAddresses {
  /** Returns the lowest free address from `from` to `last` inclusive, or undefined. */
  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined;
}

/** The whole set once around, beginning after `cursor` and ending with it. */
function stretchesAfter(
  set: RangeSet,
  cursor: IpAddress | undefined,
): readonly Interval[] {
  const range = cursor && findRange(set, cursor);
  if (cursor === undefined || range === undefined) {
    return set.flatMap(includedIntervals);
  }
  const at = set.indexOf(range);
  const others = [...set.slice(at + 1), ...set.slice(0, at)];
  const own = includedIntervals(range);
  return [
    // Empty if the cursor is the end: `first` is then beyond `last`.
    ...own.map(({ first, last }) => ({
      first: first.value > cursor.value ? first : addressPlus(cursor, 1n),
      last,
    })),
    ...others.flatMap(includedIntervals),
    ...own.map(({ first, last }) => ({
      first,
      last: last.value < cursor.value ? last : cursor,
    })),
  ].filter(({ first, last }) => first.value <= last.value);
}

/**
 * Yields every address of `set` that is neither excluded nor a gateway, beginning after `cursor`:
 * those that were reserved first normally come first.
 */
export function* addressesAfter(
  set: RangeSet,
  cursor: IpAddress | undefined,
): Generator<IpAddress> {
  for (const { first, last } of stretchesAfter(set, cursor)) {
    for (
      let address = first;
      address.value <= last.value;
      address = addressPlus(address, 1n)
    ) {
      if (!isGateway(set, address)) yield address;
    }
  }
}

/**
 * Returns the next free address of `set` that is neither excluded nor a gateway of any of its
 * ranges, or undefined if there is none.
 *
 * The cost is that of a call of `free.firstFree` for each interval of the ranges, however large
 * they are.
 *
 * @param cursor The last reserved address. One outside the set counts as none.
 */
export function nextAddress(
  set: RangeSet,
  cursor: IpAddress | undefined,
  free: FreeAddresses,
): IpAddress | undefined {
  for (const { first, last } of stretchesAfter(set, cursor)) {
    let candidate: IpAddress | undefined = first;
    while (candidate !== undefined && candidate.value <= last.value) {
      candidate = free.firstFree(candidate, last);
      if (candidate === undefined) break;
      if (!isGateway(set, candidate)) return candidate;
      candidate = addressPlus(candidate, 1n);
    }
  }
  return undefined;
}
