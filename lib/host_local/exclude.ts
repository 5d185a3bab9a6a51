/** Addresses that a range does not allocate, as intervals. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import type { JsonObject } from "../base/json_reader.ts";
import { wrongType } from "../base/json_reader.ts";
import {
  type Cidr,
  lastAddress,
  networkAddress,
  parseCidr,
  unmapCidr,
} from "../net/cidr.ts";
import {
  addressPlus,
  type IpAddress,
  parseIpAddress,
} from "../net/ip_address.ts";

/** The addresses from `first` to `last` inclusive, of one family. */
export interface Interval {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/** An element of `exclude`, as configured. */
export interface RawExclude extends Interval {
  readonly text: string;
  /** JSON path of the element. */
  readonly path: string;
}

const ADVICE =
  'write an address, a network or a range, such as "192.0.2.7", "192.0.2.64/28" or "192.0.2.10-192.0.2.20"';

/**
 * Reads `exclude`. A network may have host bits; all its addresses are excluded.
 *
 * @throws {DecodeError} if it is not a list of strings.
 * @throws {ConfigError} if an element is not an address, a network, or `first-last`.
 */
export function readExclude(json: JsonObject): readonly RawExclude[] {
  return json.list("exclude", (value, path) => {
    if (typeof value !== "string") throw wrongType(value, path, "a string");
    const interval = parseInterval(value);
    if (interval !== undefined) return { ...interval, text: value, path };
    throw new ConfigError(`invalid exclude: ${value}`, path, {
      advice: ADVICE,
    });
  }) ?? [];
}

function parseInterval(text: string): Interval | undefined {
  const cidr = parseExcludedNetwork(text);
  if (cidr !== undefined) {
    return { first: networkAddress(cidr), last: lastAddress(cidr) };
  }
  const [from = "", to = from, ...more] = text.split("-");
  const first = parseIpAddress(from.trim());
  const last = parseIpAddress(to.trim());
  const isInterval = first !== undefined && last !== undefined &&
    first.family === last.family && first.value <= last.value &&
    more.length === 0;
  return isInterval ? { first, last } : undefined;
}

/** Parses an element of `exclude` that is a network, with its host bits. */
export function parseExcludedNetwork(text: string): Cidr | undefined {
  const cidr = parseCidr(text);
  return cidr && unmapCidr(cidr);
}

/** Returns whether two intervals share an address. */
export function intervalsOverlap(a: Interval, b: Interval): boolean {
  return a.first.family === b.first.family &&
    a.first.value <= b.last.value && b.first.value <= a.last.value;
}

/** Returns the parts of intervals inside `bounds`, sorted and merged. */
export function mergeIntervals(
  intervals: readonly Interval[],
  bounds: Interval,
): readonly Interval[] {
  const inside = intervals.filter((each) => intervalsOverlap(each, bounds))
    .map(({ first, last }) => ({
      first: first.value < bounds.first.value ? bounds.first : first,
      last: last.value > bounds.last.value ? bounds.last : last,
    }))
    .sort((a, b) => a.first.value < b.first.value ? -1 : 1);
  const merged: Interval[] = [];
  for (const next of inside) {
    const previous = merged.at(-1);
    if (previous === undefined || next.first.value > previous.last.value + 1n) {
      merged.push(next);
    } else if (next.last.value > previous.last.value) {
      merged[merged.length - 1] = { first: previous.first, last: next.last };
    }
  }
  return merged;
}

/** Returns what is left of `whole` without `parts`, which {@link mergeIntervals} has returned. */
export function withoutIntervals(
  whole: Interval,
  parts: readonly Interval[],
): readonly Interval[] {
  const left: Interval[] = [];
  let { first } = whole;
  for (const part of parts) {
    if (first.value < part.first.value) {
      left.push({ first, last: addressPlus(part.first, -1n) });
    }
    first = addressPlus(part.last, 1n);
  }
  return first.value <= whole.last.value
    ? [...left, { first, last: whole.last }]
    : left;
}

/** Returns how many addresses intervals have that share none. */
export function countAddresses(intervals: readonly Interval[]): bigint {
  return intervals.reduce(
    (sum, { first, last }) => sum + last.value - first.value + 1n,
    0n,
  );
}
