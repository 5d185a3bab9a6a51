/** Which address comes next in a range set. Pure: it sees the reservations through one question. @module */

import { addressPlus, type IpAddress } from "../net/ip_address.ts";
import { findRange, isGateway, type RangeSet } from "./range_set.ts";

/** Answers what is free. */
export interface FreeAddresses {
  /** The lowest address from `from` to `last` inclusive that nobody holds, or undefined. */
  firstFree(from: IpAddress, last: IpAddress): IpAddress | undefined;
}

interface Stretch {
  readonly from: IpAddress;
  readonly last: IpAddress;
}

/** The whole set once round, beginning after `cursor` and ending with it. */
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
 * The next free address of `set` that is no gateway of any of its ranges.
 *
 * The cost is that of a few questions, however large the ranges are.
 *
 * @param cursor The last reserved address; one outside the set counts as none.
 * @returns The address, or undefined if the set is exhausted.
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
