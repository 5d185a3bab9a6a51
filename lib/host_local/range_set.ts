/** A range set: the ranges that one address of a result is chosen from. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { cidrContains } from "../net/cidr.ts";
import {
  addressPlus,
  type Family,
  type IpAddress,
  sameAddress,
} from "../net/ip_address.ts";
import { countAddresses, type Interval } from "./exclude.ts";
import {
  formatRange,
  includedIntervals,
  isExcluded,
  isTiny,
  type Range,
  rangeContains,
  rangesOverlap,
  type RawRange,
  resolveRange,
} from "./range.ts";

/** One range or more, all of one family, none sharing an address with another. */
export type RangeSet = readonly [Range, ...Range[]];

/** Returns the family of every address in the set. */
export function familyOf(set: RangeSet): Family {
  return set[0].rangeStart.family;
}

/** Returns the range that `address` lies in, if there is one. */
export function findRange(
  set: RangeSet,
  address: IpAddress,
): Range | undefined {
  return set.find((range) => rangeContains(range, address));
}

/** Returns whether `address` is the gateway of any range in the set. */
export function isGateway(set: RangeSet, address: IpAddress): boolean {
  return set.some(({ gateway }) =>
    gateway !== undefined && sameAddress(gateway, address)
  );
}

/** Returns whether `address` lies in a range, and is neither excluded nor a gateway. */
export function isUsable(set: RangeSet, address: IpAddress): boolean {
  const range = findRange(set, address);
  return range !== undefined && !isExcluded(range, address) &&
    !isGateway(set, address);
}

function includedIn(set: RangeSet): readonly Interval[] {
  return set.flatMap(includedIntervals);
}

/** Returns how many addresses of the set are excluded. */
export function countExcluded(set: RangeSet): bigint {
  return countAddresses(set.flatMap(({ exclude = [] }) => exclude));
}

/** Yields the addresses of the set that {@link isUsable} is true for, in order. */
export function* usableAddresses(set: RangeSet): Generator<IpAddress> {
  for (const { first, last } of includedIn(set)) {
    for (
      let address = first;
      address.value <= last.value;
      address = addressPlus(address, 1n)
    ) {
      if (!isGateway(set, address)) yield address;
    }
  }
}

/** Returns how many addresses {@link usableAddresses} yields. */
export function countUsableAddresses(set: RangeSet): bigint {
  const gateways = set.flatMap(({ gateway }) => {
    const range = gateway && findRange(set, gateway);
    return gateway === undefined || range === undefined ||
        isExcluded(range, gateway)
      ? []
      : [gateway.value];
  });
  return countAddresses(includedIn(set)) - BigInt(new Set(gateways).size);
}

/** Formats a set for messages, as `first-last,first-last`. */
export function formatRangeSet(set: RangeSet): string {
  return set.map(formatRange).join(",");
}

/** The ranges of a set, as configured. */
export interface RawRangeSet {
  readonly ranges: readonly RawRange[];
  /** JSON path of the list. */
  readonly path: string;
}

function nothingUsable(set: RangeSet, path: string): ConfigError {
  const ranges = formatRangeSet(set);
  return countExcluded(set) === 0n
    ? new ConfigError(`every address in ${ranges} is a gateway`, path, {
      advice: "write a larger range, or another gateway",
    })
    : new ConfigError(
      `every address in ${ranges} is excluded or a gateway`,
      path,
      { advice: "write a larger range, or exclude less" },
    );
}

function resolveOne({ ranges: raw, path }: RawRangeSet): RangeSet {
  const ranges: Range[] = [];
  for (const rawRange of raw) {
    const range = resolveRange(rawRange);
    if (
      ranges[0] !== undefined &&
      ranges[0].rangeStart.family !== range.rangeStart.family
    ) {
      throw new ConfigError("mixed address families", rawRange.path, {
        advice: "write the ranges of each family in a list of their own",
      });
    }
    ranges.push(range);
  }
  for (const [index, range] of ranges.entries()) {
    const at = ranges.findIndex((candidate, later) =>
      later > index && rangesOverlap(range, candidate)
    );
    const other = ranges[at];
    if (other !== undefined) {
      throw new ConfigError(
        `subnets ${formatRange(range)} and ${formatRange(other)} overlap`,
        raw[at]?.path ?? path,
        { advice: "write ranges that share no address, or remove one" },
      );
    }
  }
  const [first, ...rest] = ranges;
  if (first === undefined) {
    throw new ConfigError("empty range set", path, {
      advice: "write at least one range, or remove the list",
    });
  }
  const set = [first, ...rest] as const;
  if (countUsableAddresses(set) === 0n) {
    throw nothingUsable(set, raw[0]?.path ?? path);
  }
  return set;
}

/**
 * Resolves all range sets of a configuration.
 *
 * @throws {ConfigError} if a set is invalid: `invalid range set <index>: ` and upstream's text.
 */
export function resolveRangeSets(
  rawSets: readonly RawRangeSet[],
): readonly RangeSet[] {
  return rawSets.map((raw, index) => {
    try {
      return resolveOne(raw);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConfigError(
        `invalid range set ${index}: ${error.message}`,
        error.path,
        { advice: error.advice, cause: error },
      );
    }
  });
}

/**
 * Refuses sets that share an address.
 *
 * @param paths The JSON path of each set.
 * @throws {ConfigError} if two sets do.
 */
export function refuseOverlappingSets(
  sets: readonly RangeSet[],
  paths: readonly string[],
): void {
  for (const [index, set] of sets.entries()) {
    const other = sets.findIndex((candidate, at) =>
      at > index && set.some((a) => candidate.some((b) => rangesOverlap(a, b)))
    );
    if (other >= 0) {
      throw new ConfigError(
        `range set ${index} overlaps with ${other}`,
        paths[other] ?? "",
        { advice: "write range sets that share no address, or remove one" },
      );
    }
  }
}

/**
 * Returns the ranges whose gateway was hardly intended: of another family, or outside the subnet of
 * the range. A subnet of one or two addresses is no such case: its gateway has to be elsewhere.
 */
export function rangesWithOutsideGateway(
  sets: readonly RangeSet[],
): readonly { readonly range: Range; readonly gateway: IpAddress }[] {
  return sets.flat().flatMap((range) => {
    const { gateway, subnet } = range;
    const isOutside = gateway !== undefined && !isTiny(subnet) &&
      !cidrContains(subnet, gateway);
    return isOutside ? [{ range, gateway }] : [];
  });
}
