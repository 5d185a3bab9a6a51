/** `host-local validate`: what is wrong with network configurations of host-local. Pure. @module */

import type { Outcome } from "../../cli/outcome.ts";
import { type ConfigFile, joinPaths } from "../../cni/config_document.ts";
import type { ConfigProblem } from "../../cni/config_problem.ts";
import {
  type CheckedNetwork,
  type ConfigChecks,
  validateConfigs,
  type ValidateOptions,
} from "../../cli/validate_configs.ts";
import type { HostLocalConfig } from "../config.ts";
import { formatRange, type Range, rangesOverlap } from "../range.ts";
import { formatRangeSet } from "../range_set.ts";
import { HOST_LOCAL_RULES, warningsOn } from "./config_rules.ts";
import { IPAM_TYPE } from "./configured_networks.ts";
import { compareAddresses } from "./network_facts.ts";

type Network = CheckedNetwork<HostLocalConfig>;

const CHECKS: ConfigChecks<HostLocalConfig> = {
  ipamType: IPAM_TYPE,
  rules: HOST_LOCAL_RULES,
  warningsOn,
  compare: addSharedAddresses,
  describe: formatSets,
  toJson: ({ rangeSets }) => ({
    rangeSets: rangeSets.map((set) => formatRangeSet(set).split(",")),
  }),
};

/**
 * Checks configurations.
 *
 * @param files All files at the paths of `options`.
 */
export function validate(
  files: readonly ConfigFile[],
  options: ValidateOptions,
): Outcome {
  return validateConfigs(files, { checks: CHECKS, ...options });
}

/** Adds a warning for each pair of networks that can allocate the same address. */
function addSharedAddresses(networks: readonly Network[]): void {
  for (const [first, second] of relatedPairs(networks)) {
    const warning = sharedAddresses(first, second);
    if (warning !== undefined) second.problems.push(warning);
  }
}

/** Returns the pairs of networks that have a directory or an address in common, in order. */
function relatedPairs(
  networks: readonly Network[],
): readonly (readonly [Network, Network])[] {
  const pairs = new Set<number>();
  const add = (a: number, b: number): void => {
    if (a !== b) pairs.add(Math.min(a, b) * networks.length + Math.max(a, b));
  };
  const sameDirectory = Map.groupBy(
    networks.keys(),
    (index) => networks[index]?.config.directory,
  );
  for (const indexes of sameDirectory.values()) {
    for (const a of indexes) for (const b of indexes) add(a, b);
  }
  const ranges = networks.flatMap(({ config }, index) =>
    config.rangeSets.flat().map((range) => ({ range, index }))
  ).sort((a, b) => compareAddresses(a.range.rangeStart, b.range.rangeStart));
  // Those before the next range that reach it.
  let reaching: typeof ranges = [];
  for (const next of ranges) {
    reaching = reaching.filter(({ range }) => rangesOverlap(range, next.range));
    for (const { index } of reaching) add(index, next.index);
    reaching.push(next);
  }
  return [...pairs].sort((a, b) => a - b).flatMap((pair) => {
    const first = networks[Math.floor(pair / networks.length)];
    const second = networks[pair % networks.length];
    return first && second ? [[first, second] as const] : [];
  });
}

function sharedAddresses(
  first: Network,
  second: Network,
): ConfigProblem | undefined {
  const path = joinPaths(second.path, "ipam.ranges");
  const where = `network ${first.name} in ${first.file}`;
  const sets = formatSets(first.config);
  if (first.config.directory === second.config.directory) {
    return sets === formatSets(second.config) ? undefined : {
      severity: "warning",
      path,
      message: `${where} has the same directory and other ranges: ${sets}`,
      advice: "write the same ranges in both, or give one another name",
    };
  }
  const shared = firstOverlap(first, second);
  return shared && {
    severity: "warning",
    path,
    message: `${formatRange(shared.second)} shares addresses with ${
      formatRange(shared.first)
    } of ${where}; the networks do not know about each other's reservations`,
    advice:
      "write ranges that share no address, unless the networks are never connected",
  };
}

function formatSets({ rangeSets }: HostLocalConfig): string {
  return rangeSets.map(formatRangeSet).join("; ");
}

function firstOverlap(
  first: Network,
  second: Network,
): { readonly first: Range; readonly second: Range } | undefined {
  for (const a of first.config.rangeSets.flat()) {
    for (const b of second.config.rangeSets.flat()) {
      if (rangesOverlap(a, b)) return { first: a, second: b };
    }
  }
  return undefined;
}
