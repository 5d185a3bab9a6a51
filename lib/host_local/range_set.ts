/** A range set: the pools out of which one address of a result comes. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import {
  type Family,
  formatIpAddress,
  type IpAddress,
  sameAddress,
} from "../net/ip_address.ts";
import { cidrContains } from "../net/cidr.ts";
import {
  formatRange,
  isTiny,
  type Range,
  rangeContains,
  rangesOverlap,
  type RawRange,
  resolveRange,
} from "./range.ts";

/** At least one range, all of one family, none sharing an address with another. */
export type RangeSet = readonly [Range, ...Range[]];

/** The family of every address in the set. */
export function familyOf(set: RangeSet): Family {
  return set[0].rangeStart.family;
}

/** The range that `address` lies in. */
export function findRange(
  set: RangeSet,
  address: IpAddress,
): Range | undefined {
  return set.find((range) => rangeContains(range, address));
}

/** Whether `address` is the gateway of any range in the set. */
export function isGateway(set: RangeSet, address: IpAddress): boolean {
  return set.some(({ gateway }) =>
    gateway !== undefined && sameAddress(gateway, address)
  );
}

/** `first-last,first-last`, as messages name a set. */
export function formatRangeSet(set: RangeSet): string {
  return set.map(formatRange).join(",");
}

function resolveOne(raw: readonly RawRange[]): RangeSet {
  const ranges: Range[] = [];
  for (const rawRange of raw) {
    const range = resolveRange(rawRange);
    if (
      ranges[0] !== undefined &&
      ranges[0].rangeStart.family !== range.rangeStart.family
    ) {
      throw new ConfigError("mixed address families", rawRange.path);
    }
    ranges.push(range);
  }
  for (const [index, range] of ranges.entries()) {
    const other = ranges.slice(index + 1).find((candidate) =>
      rangesOverlap(range, candidate)
    );
    if (other !== undefined) {
      throw new ConfigError(
        `subnets ${formatRange(range)} and ${formatRange(other)} overlap`,
        "",
      );
    }
  }
  const [first, ...rest] = ranges;
  if (first === undefined) throw new ConfigError("empty range set", "");
  return [first, ...rest];
}

/**
 * Resolves all range sets of a configuration.
 *
 * @throws {ConfigError} `invalid range set <index>: ` and upstream's text for the first thing wrong.
 */
export function resolveRangeSets(
  rawSets: readonly (readonly RawRange[])[],
): readonly RangeSet[] {
  return rawSets.map((raw, index) => {
    try {
      return resolveOne(raw);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConfigError(
        `invalid range set ${index}: ${error.message}`,
        error.path,
        { cause: error },
      );
    }
  });
}

/** @throws {ConfigError} If two sets share an address. */
export function refuseOverlappingSets(sets: readonly RangeSet[]): void {
  for (const [index, set] of sets.entries()) {
    const other = sets.findIndex((candidate, at) =>
      at > index && set.some((a) => candidate.some((b) => rangesOverlap(a, b)))
    );
    if (other >= 0) {
      throw new ConfigError(`range set ${index} overlaps with ${other}`, "");
    }
  }
}

/**
 * One text for each gateway that can hardly be meant: of another family, or outside its subnet. A subnet of one or two
 * addresses has to have its gateway elsewhere.
 */
export function gatewayWarnings(sets: readonly RangeSet[]): readonly string[] {
  const isOdd = ({ gateway, subnet }: Range): boolean =>
    gateway !== undefined && !isTiny(subnet) && !cidrContains(subnet, gateway);
  return sets.flat().filter(isOdd).map((range) => {
    const gateway = range.gateway ? formatIpAddress(range.gateway) : "";
    return `gateway ${gateway} is outside the subnet of range ${
      formatRange(range)
    }`;
  });
}
