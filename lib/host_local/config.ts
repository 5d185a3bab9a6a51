/**
 * The network configuration of host-local, from raw JSON to a resolved value that needs no second
 * check. Pure.
 *
 * @module
 */

import { ConfigError } from "../base/errors.ts";
import { JsonObject, parseList, wrongType } from "../base/json_reader.ts";
import { cleanPath } from "../base/path.ts";
import type { NetworkConfig } from "../cni/network_config.ts";
import type { Route } from "../cni/result.ts";
import {
  DEFAULT_VERSION,
  isAtLeast,
  SUPPORTED_VERSIONS,
} from "../cni/spec_version.ts";
import { type IpAddress, sameAddress } from "../net/ip_address.ts";
import type { HistorySettings } from "./address_history.ts";
import { parseAddressOrCidr, parseCniArgs, readPod } from "./cni_args.ts";
import { limitCount } from "./count_limit.ts";
import { RANGE_KEYS, readRange } from "./range.ts";
import {
  familyOf,
  type RangeSet,
  type RawRangeSet,
  refuseOverlappingSets,
  resolveRangeSets,
} from "./range_set.ts";
import { readConfiguredRoute } from "./routes.ts";

/** Where the reservations of a network are, and how long to wait for their lock. */
export interface StoreConfig {
  /** The directory of this network. */
  readonly directory: string;
  readonly lockTimeoutMs: number;
  /** What to remember about addresses; absent if that is nothing. */
  readonly history?: HistorySettings;
}

/** A configuration that addresses can be allocated from. */
export interface HostLocalConfig extends StoreConfig {
  /** In the order of the result's `ips`; a set's index names its cursor file. */
  readonly rangeSets: readonly [RangeSet, ...RangeSet[]];
  /** Without duplicates, in the order in which they are tried. */
  readonly requestedAddresses: readonly IpAddress[];
  readonly routes: readonly Route[];
  /** Path of a file in the format of resolv.conf(5). */
  readonly resolvConf?: string;
  readonly statusFailsWhenFull: boolean;
  /** Whether an ADD that finds a range set full releases what containers have left behind. */
  readonly reclaimOnExhaustion: boolean;
}

/** Where the directories of networks are unless `dataDir` says otherwise. */
export const DEFAULT_DATA_DIR = "/var/lib/cni/networks";

/** Every key of `ipam`. Those of a single range are deprecated. */
export const IPAM_KEYS: readonly string[] = [
  "type",
  "name",
  "ranges",
  ...RANGE_KEYS,
  "routes",
  "resolvConf",
  "dataDir",
  "statusFailsWhenFull",
  "lockTimeoutSeconds",
  "gcGraceSeconds",
  "cooldownSeconds",
  "sticky",
  "ownerDetails",
  "reclaimOnExhaustion",
];

/** Runtimes wait longer than that for a plugin: a minute or more. */
export const DEFAULT_LOCK_TIMEOUT_SECONDS = 10;
/** The first version in which a result may have several addresses of one family. */
const SEVERAL_ADDRESSES_VERSION = "0.3.0";

/** Reads a number of seconds, zero or more; undefined if absent. */
function readSeconds(json: JsonObject, key: string): number | undefined {
  const seconds = json.integer(key);
  if (seconds !== undefined && seconds < 0) {
    throw new ConfigError(`${key} must not be negative`, json.at(key), {
      advice: "write a number of seconds, zero or more",
    });
  }
  return seconds;
}

/**
 * Reads where the reservations are, and nothing else: DEL and GC can release what was reserved
 * before the rest of the configuration became invalid.
 *
 * @param cniArgs The value of CNI_ARGS.
 * @throws {DecodeError} if `ipam` is not an object or `dataDir` is not a string: the directory is
 *   unknown then.
 */
export function parseStoreConfig(
  { json, name }: NetworkConfig,
  cniArgs: string,
): StoreConfig {
  const ipam = json.object("ipam");
  const dataDir = ipam?.string("dataDir") || DEFAULT_DATA_DIR;
  const seconds = ipam?.value("lockTimeoutSeconds");
  const isUsable = typeof seconds === "number" && seconds >= 0;
  const history = ipam && historySettings(ipam, cniArgs);
  return {
    directory: cleanPath(`${dataDir}/${name}`),
    lockTimeoutMs: (isUsable ? seconds : DEFAULT_LOCK_TIMEOUT_SECONDS) * 1000,
    ...(history === undefined ? {} : { history }),
  };
}

/**
 * Returns what to remember. Invalid values count as absent: {@link checkHistoryKeys} reports them.
 */
function historySettings(
  ipam: JsonObject,
  cniArgs: string,
): HistorySettings | undefined {
  const seconds = ipam.value("cooldownSeconds");
  const cooldownSeconds = typeof seconds === "number" && seconds > 0
    ? seconds
    : 0;
  const isSticky = ipam.value("sticky") === STICKY_POD;
  const recordsOwners = isSticky || ipam.value("ownerDetails") === true;
  if (cooldownSeconds === 0 && !recordsOwners) return undefined;
  return { cooldownSeconds, isSticky, recordsOwners, pod: readPod(cniArgs) };
}

const STICKY_POD = "pod";

/** Checks the keys of {@link HistorySettings}. */
function checkHistoryKeys(ipam: JsonObject): void {
  readSeconds(ipam, "cooldownSeconds");
  const sticky = ipam.string("sticky") ?? "";
  if (sticky !== "" && sticky !== STICKY_POD) {
    throw new ConfigError(
      `sticky is ${JSON.stringify(sticky)}`,
      ipam.at("sticky"),
      { advice: `write "${STICKY_POD}", or remove the key` },
    );
  }
  ipam.boolean("ownerDetails");
}

/**
 * Reads how long GC keeps a reservation that is not listed, in milliseconds.
 *
 * @throws {DecodeError} if `gcGraceSeconds` is not an integer.
 * @throws {ConfigError} if it is negative.
 */
export function parseGcGraceMs({ json }: NetworkConfig): number {
  const ipam = json.object("ipam");
  return (ipam === undefined ? 0 : readSeconds(ipam, "gcGraceSeconds") ?? 0) *
    1000;
}

/** A request of the configuration. */
interface ConfiguredRequest {
  /** Undefined for an empty or `null` one: it is refused later, in upstream's order of checks. */
  readonly address: IpAddress | undefined;
  readonly path: string;
}

const ADDRESS_ADVICE = 'write an address such as "192.0.2.7"';

function readRequest(value: unknown, path: string): ConfiguredRequest {
  if (value === null || value === "") return { address: undefined, path };
  if (typeof value !== "string") throw wrongType(value, path, "a string");
  const address = parseAddressOrCidr(value);
  if (address === undefined) {
    throw new ConfigError(`invalid IP address ${value}`, path, {
      advice: ADDRESS_ADVICE,
    });
  }
  return { address, path };
}

function readRangeSet(value: unknown, path: string): RawRangeSet {
  const ranges = value === null
    ? []
    : parseList(value, path, (element, at) =>
      readRange(new JsonObject(element, at)));
  return { ranges, path };
}

function withoutDuplicates(
  addresses: readonly IpAddress[],
): readonly IpAddress[] {
  return addresses.filter((address, index) =>
    addresses.findIndex((other) => sameAddress(other, address)) === index
  );
}

/**
 * Merges the three sources of requests in order. `args.cni.ips` replaces CNI_ARGS if both are given
 * (CONVENTIONS).
 */
function mergeRequests(
  fromCniArgs: readonly IpAddress[],
  fromArgs: readonly ConfiguredRequest[],
  fromRuntime: readonly ConfiguredRequest[],
): readonly IpAddress[] {
  const first = fromArgs.length === 0
    ? fromCniArgs.map((address) => ({ address, path: "" }))
    : fromArgs;
  limitCount(first.length + fromRuntime.length, "requested addresses", "");
  const merged = [...first, ...fromRuntime].map(({ address, path }) => {
    if (address === undefined) {
      throw new ConfigError(
        "cannot understand ip: IP <nil> not v4 nor v6",
        path,
        { advice: ADDRESS_ADVICE },
      );
    }
    return address;
  });
  return withoutDuplicates(merged);
}

function allowsSeveralAddresses(cniVersion: string): boolean {
  const version = SUPPORTED_VERSIONS.find((candidate) =>
    candidate === (cniVersion || DEFAULT_VERSION)
  );
  return version !== undefined && isAtLeast(version, SEVERAL_ADDRESSES_VERSION);
}

function refuseSeveralAddresses(
  sets: readonly RangeSet[],
  cniVersion: string,
): void {
  const families = sets.map(familyOf);
  if (
    new Set(families).size === families.length ||
    allowsSeveralAddresses(cniVersion)
  ) return;
  throw new ConfigError(
    `CNI version ${cniVersion} does not support more than 1 address per family`,
    "cniVersion",
    {
      advice:
        `write "cniVersion": "${SEVERAL_ADDRESSES_VERSION}" or later, or one range set per family`,
    },
  );
}

/**
 * Parses the whole configuration.
 *
 * Range sets come from `runtimeConfig.ipRanges`, then the deprecated keys of a single range, then
 * `ipam.ranges`.
 *
 * @param cniArgs The value of CNI_ARGS.
 * @throws {DecodeError} if a value has the wrong type.
 * @throws {CniArgsError} if CNI_ARGS is invalid.
 * @throws {ConfigError} if anything else is invalid, in upstream's order of checks and with its
 *   texts.
 */
export function parseHostLocalConfig(
  config: NetworkConfig,
  cniArgs: string,
): HostLocalConfig {
  const { json, cniVersion } = config;
  const runtimeConfig = json.object("runtimeConfig");
  const runtimeSets = runtimeConfig?.list("ipRanges", readRangeSet) ?? [];
  const runtimeRequests = runtimeConfig?.list("ips", readRequest) ?? [];
  const argsRequests =
    json.object("args")?.object("cni")?.list("ips", readRequest) ?? [];
  const ipam = json.object("ipam");
  if (ipam === undefined) {
    throw new ConfigError("IPAM config missing 'ipam' key", "ipam", {
      advice: 'write "ipam": {"type": "host-local", "ranges": [...]}',
    });
  }
  ipam.string("type");
  ipam.string("name");
  const single = readRange(ipam);
  const listedSets = ipam.list("ranges", readRangeSet) ?? [];
  const routes = ipam.list("routes", readConfiguredRoute) ?? [];
  const resolvConf = ipam.string("resolvConf") ?? "";
  const statusFailsWhenFull = ipam.boolean("statusFailsWhenFull") ?? false;
  const reclaimOnExhaustion = ipam.boolean("reclaimOnExhaustion") ?? false;
  readSeconds(ipam, "lockTimeoutSeconds");
  parseGcGraceMs(config);
  checkHistoryKeys(ipam);

  const requestedAddresses = mergeRequests(
    parseCniArgs(cniArgs),
    argsRequests,
    runtimeRequests,
  );
  const rawSets = [
    ...runtimeSets,
    ...(single.subnet === undefined
      ? []
      : [{ ranges: [single], path: single.path }]),
    ...listedSets,
  ];
  const rangeCount = rawSets.reduce(
    (sum, { ranges }) => sum + ranges.length,
    0,
  );
  limitCount(rangeCount, "ranges", "ipam.ranges");
  const excludeCount = rawSets.flatMap(({ ranges }) => ranges)
    .reduce((sum, { exclude }) => sum + exclude.length, 0);
  limitCount(excludeCount, "elements of exclude", "ipam.ranges");
  const [first, ...rest] = resolveRangeSets(rawSets);
  if (first === undefined) {
    throw new ConfigError("no IP ranges specified", "ipam.ranges", {
      advice: 'write "ranges": [[{"subnet": "192.0.2.0/24"}]]',
    });
  }
  const rangeSets = [first, ...rest] as const;
  refuseSeveralAddresses(rangeSets, cniVersion);
  refuseOverlappingSets(rangeSets, rawSets.map(({ path }) => path));
  return {
    ...parseStoreConfig(config, cniArgs),
    rangeSets,
    requestedAddresses,
    routes,
    ...(resolvConf === "" ? {} : { resolvConf }),
    statusFailsWhenFull,
    reclaimOnExhaustion,
  };
}
