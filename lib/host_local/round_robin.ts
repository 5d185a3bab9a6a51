/**
 * Which address of a range set comes next, round robin. Pure: {@link FreeAddresses} knows what is
 * taken.
 *
 * @module
 */

import { addressPlus, type IpAddress } from "../net/ip_address.ts";
import { findRange, isGateway, type RangeSet } from "./range_set.ts";

/** Knows which addresses are free. */
export interface FreeAddresses {
  /** Returns the lowest free address from `from` to `last` inclusive, or undefined. */
  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined;
}

interface Stretch {
  readonly from: IpAddress;
  readonly last: IpAddress;
}

/** The whole set once around, beginning after `cursor` and ending with it. */
function stretchesAfter(
  set: RangeSet,
  cursor: IpAddress | undefined,
): readonly Stretch[] {
  const range = cursor && findRange(set, cursor);
  if (cursor === undefined || range === undefined) {
    return set.map(({ rangeStart, rangeEnd }) => ({
      from: rangeStart,
      last: rangeEnd,
    }));
  }
  const at = set.indexOf(range);
  const others = [...set.slice(at + 1), ...set.slice(0, at)];
  return [
    // Empty if the cursor is the end of its range: `from` is then beyond `last`.
    { from: addressPlus(cursor, 1n), last: range.rangeEnd },
    ...others.map(({ rangeStart, rangeEnd }) => ({
      from: rangeStart,
      last: rangeEnd,
    })),
    { from: range.rangeStart, last: cursor },
  ];
}

/**
 * Returns the next free address of `set` that is not a gateway of any of its ranges, or undefined
 * if there is none.
 *
 * The cost is that of a few calls of `free.firstFree`, however large the ranges are.
 *
 * @param cursor The last reserved address. One outside the set counts as none.
 */
export function nextAddress(
  set: RangeSet,
  cursor: IpAddress | undefined,
  free: FreeAddresses,
): IpAddress | undefined {
  for (const { from, last } of stretchesAfter(set, cursor)) {
    let candidate: IpAddress | undefined = from;
    while (candidate !== undefined && candidate.value <= last.value) {
      candidate = free.firstFree(candidate, last);
      if (candidate === undefined) break;
      if (!isGateway(set, candidate)) return candidate;
      candidate = addressPlus(candidate, 1n);
    }
  }
  return undefined;
}
