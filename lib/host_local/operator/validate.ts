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
  for (const [index, first] of networks.entries()) {
    for (const network of networks.slice(index + 1)) {
      const warning = sharedAddresses(first, network);
      if (warning !== undefined) network.problems.push(warning);
    }
  }
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
