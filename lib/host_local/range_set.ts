/** A range set: the ranges that one address of a result is chosen from. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { cidrContains } from "../net/cidr.ts";
import {
  addressPlus,
  type Family,
  type IpAddress,
  sameAddress,
} from "../net/ip_address.ts";
import {
  formatRange,
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

/** Tells whether `address` is the gateway of any range in the set. */
export function isGateway(set: RangeSet, address: IpAddress): boolean {
  return set.some(({ gateway }) =>
    gateway !== undefined && sameAddress(gateway, address)
  );
}

/** Yields the addresses of the set that can be allocated: all but the gateways, in order. */
export function* usableAddresses(set: RangeSet): Generator<IpAddress> {
  for (const { rangeStart, rangeEnd } of set) {
    for (
      let address = rangeStart;
      address.value <= rangeEnd.value;
      address = addressPlus(address, 1n)
    ) {
      if (!isGateway(set, address)) yield address;
    }
  }
}

/** Returns how many addresses {@link usableAddresses} yields. */
export function countUsableAddresses(set: RangeSet): bigint {
  const size = set.reduce(
    (sum, { rangeStart, rangeEnd }) =>
      sum + rangeEnd.value - rangeStart.value + 1n,
    0n,
  );
  const gateways = set.flatMap(({ gateway }) =>
    gateway !== undefined && findRange(set, gateway) !== undefined
      ? [gateway.value]
      : []
  );
  return size - BigInt(new Set(gateways).size);
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
    throw new ConfigError(
      `every address in ${formatRangeSet(set)} is a gateway`,
      raw[0]?.path ?? path,
      { advice: "write a larger range, or another gateway" },
    );
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
