/** How a configuration of host-local is checked for all its problems at once. Pure. @module */

import { JsonObject } from "../../base/json_reader.ts";
import {
  type ConfigRules,
  type Unit,
  unknownKeys,
} from "../../cni/collect_problems.ts";
import { type ConfigProblem, problemOf } from "../../cni/config_problem.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import {
  type HostLocalConfig,
  IPAM_KEYS,
  parseHostLocalConfig,
} from "../config.ts";
import { formatRange, RANGE_KEYS, readRange, resolveRange } from "../range.ts";
import { rangesWithOutsideGateway } from "../range_set.ts";

const RANGE_PATH = /^(.*ranges\[\d+\]\[\d+\])(?:\.|$)/i;
const SINGLE_RANGE_PATH = /^ipam(?:\.(?:subnet|rangeStart|rangeEnd|gateway))?$/;
/** The keys of a route (SPEC section 5), and `type`, which the plugin ignores. */
const ROUTE_KEYS = ["dst", "gw", "mtu", "advmss", "priority", "table", "scope"];

/** The rules of the plugin's own parser. Each range is a unit. */
export const HOST_LOCAL_RULES: ConfigRules<HostLocalConfig> = {
  parse: (config) => parseHostLocalConfig(config, ""),
  unitOf: (path) => {
    const [, range] = RANGE_PATH.exec(path) ?? [];
    if (range !== undefined) return rangeUnit(range);
    return SINGLE_RANGE_PATH.test(path) ? singleRange() : undefined;
  },
};

function rangeUnit(path: string): Unit {
  return { path, problems: (value) => rangeProblems(value, path) };
}

/** The deprecated keys of a range in `ipam` itself. */
function singleRange(): Unit {
  return {
    path: "ipam",
    remove: RANGE_KEYS.map((key) => `ipam.${key}`),
    knownAs: "ipam.ranges",
    problems: (value) => hasSubnet(value) ? rangeProblems(value, "ipam") : [],
  };
}

function hasSubnet(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    Object.keys(value).some((key) => key.toLowerCase() === "subnet");
}

/** Returns the problems of one range: first of each value, then of the values together. */
function rangeProblems(value: unknown, path: string): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  let keys = value;
  for (;;) {
    try {
      const range = readRange(new JsonObject(keys, path));
      const isSubnetWrong = problems.some((each) =>
        each.path === `${path}.subnet`
      );
      if (!isSubnetWrong) resolveRange(range);
      return problems;
    } catch (error) {
      const problem = problemOf(error, path);
      problems.push(problem);
      const rest = withoutKey(keys, problem.path.slice(path.length + 1));
      if (rest === undefined) return problems;
      keys = rest;
    }
  }
}

/** Returns a copy without `key`, whatever its case; undefined if there is no such key. */
function withoutKey(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  const rest = entries.filter(([name]) =>
    name.toLowerCase() !== key.toLowerCase()
  );
  return rest.length === entries.length ? undefined : Object.fromEntries(rest);
}

/**
 * Returns what is valid and was hardly intended.
 *
 * @param parsed What the parser made of the valid parts.
 */
export function warningsOn(
  value: Readonly<Record<string, unknown>>,
  parsed: HostLocalConfig | undefined,
): readonly ConfigProblem[] {
  const json = new JsonObject(value, "");
  const ipam = json.value("ipam");
  const dataDir = new JsonObject(isObject(ipam) ? ipam : {}, "ipam")
    .value("dataDir");
  return [
    ...unknownKeys(ipam, { path: "ipam", known: IPAM_KEYS }),
    ...unknownKeysInLists(ipam),
    ...(typeof dataDir === "string" && /^[^/]/.test(dataDir)
      ? [{
        severity: "warning" as const,
        path: "ipam.dataDir",
        message:
          `${dataDir} is relative to the working directory of the runtime`,
        advice: "write an absolute path",
      }]
      : []),
    ...rangesWithOutsideGateway(parsed?.rangeSets ?? []).map((
      { range, gateway },
    ) => ({
      severity: "warning" as const,
      path: "ipam.ranges",
      message: `the gateway ${
        formatIpAddress(gateway)
      } is outside the subnet of the range ${formatRange(range)}`,
      advice: "write a gateway inside the subnet, if this was not intended",
    })),
  ];
}

function unknownKeysInLists(ipam: unknown): readonly ConfigProblem[] {
  const json = new JsonObject(isObject(ipam) ? ipam : {}, "ipam");
  const ranges = listOf(json.value("ranges")).flatMap((set, index) =>
    listOf(set).flatMap((range, at) =>
      unknownKeys(range, {
        path: `ipam.ranges[${index}][${at}]`,
        known: RANGE_KEYS,
      })
    )
  );
  const routes = listOf(json.value("routes")).flatMap((route, index) =>
    unknownKeys(route, { path: `ipam.routes[${index}]`, known: ROUTE_KEYS })
  );
  return [...ranges, ...routes];
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
