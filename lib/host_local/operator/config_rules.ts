/** How a configuration of host-local is checked for all its problems at once. Pure. @module */

import { EditableJson } from "../../base/editable_json.ts";
import { JsonObject } from "../../base/json_reader.ts";
import {
  type ConfigRules,
  type Unit,
  unknownKeys,
} from "../../cni/collect_problems.ts";
import { type ConfigProblem, problemOf } from "../../cni/config_problem.ts";
import { formatCidr, networkAddress } from "../../net/cidr.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import {
  type HostLocalConfig,
  IPAM_KEYS,
  parseHostLocalConfig,
} from "../config.ts";
import { parseExcludedNetwork } from "../exclude.ts";
import { formatRange, RANGE_KEYS, readRange, resolveRange } from "../range.ts";
import { rangesWithOutsideGateway } from "../range_set.ts";

const RANGE_PATH = /^(.*ranges\[\d+\]\[\d+\])(?:\.|$)/i;
const SINGLE_RANGE_PATH =
  /^ipam(?:\.(?:subnet|rangeStart|rangeEnd|gateway|exclude(?:\[\d+\])?))?$/;
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
  const document = isRecord(value) ? new EditableJson(value) : undefined;
  for (;;) {
    try {
      const range = readRange(new JsonObject(document?.value ?? value, path));
      const isSubnetWrong = problems.some((each) =>
        each.path === `${path}.subnet`
      );
      if (!isSubnetWrong) resolveRange(range);
      return problems;
    } catch (error) {
      const problem = problemOf(error, path);
      const key = problem.path.slice(path.length + 1);
      const original = document?.originalPath(key) ?? key;
      problems.push({
        ...problem,
        path: [path, original].filter((part) => part !== "").join("."),
      });
      if (document?.remove(key) !== true) return problems;
    }
  }
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
  const dataDir = new JsonObject(isRecord(ipam) ? ipam : {}, "ipam")
    .value("dataDir");
  return [
    ...unknownKeys(ipam, { path: "ipam", known: IPAM_KEYS }),
    ...unknownKeysInLists(ipam),
    ...excludedHostBits(ipam),
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
  const json = new JsonObject(isRecord(ipam) ? ipam : {}, "ipam");
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

/** Warns about networks in `exclude` that have host bits: all their addresses are excluded. */
function excludedHostBits(ipam: unknown): readonly ConfigProblem[] {
  const json = new JsonObject(isRecord(ipam) ? ipam : {}, "ipam");
  const ranges = listOf(json.value("ranges")).flatMap((set, index) =>
    listOf(set).map((range, at) => [range, `ipam.ranges[${index}][${at}]`])
  );
  return [[ipam, "ipam"] as const, ...ranges].flatMap(([range, path]) => {
    const keys = new JsonObject(isRecord(range) ? range : {}, String(path));
    return listOf(keys.value("exclude")).flatMap((element, at) => {
      const cidr = typeof element === "string"
        ? parseExcludedNetwork(element)
        : undefined;
      if (cidr === undefined) return [];
      const network = { ...cidr, address: networkAddress(cidr) };
      if (sameAddress(network.address, cidr.address)) return [];
      return [{
        severity: "warning" as const,
        path: `${keys.at("exclude")}[${at}]`,
        message: `${element} excludes all of ${formatCidr(network)}`,
        advice: `write ${formatCidr(network)}, or ${
          formatIpAddress(cidr.address)
        } for the address alone`,
      }];
    });
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
