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
import { parseAddressOrCidr, parseCniArgs } from "./cni_args.ts";
import { limitCount } from "./count_limit.ts";
import { type RawRange, readRange } from "./range.ts";
import {
  familyOf,
  type RangeSet,
  refuseOverlappingSets,
  resolveRangeSets,
} from "./range_set.ts";
import { readConfiguredRoute } from "./routes.ts";

/** Where the reservations of a network are, and how long to wait for their lock. */
export interface StoreConfig {
  /** The directory of this network. */
  readonly directory: string;
  readonly lockTimeoutMs: number;
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
}

const DEFAULT_DATA_DIR = "/var/lib/cni/networks";
/** Runtimes wait longer than that for a plugin: a minute or more. */
const DEFAULT_LOCK_TIMEOUT_SECONDS = 10;
/** The first version in which a result may have several addresses of one family. */
const SEVERAL_ADDRESSES_VERSION = "0.3.0";

/** Reads a number of seconds, zero or more; undefined if absent. */
function readSeconds(json: JsonObject, key: string): number | undefined {
  const seconds = json.integer(key);
  if (seconds !== undefined && seconds < 0) {
    throw new ConfigError(`${key} must not be negative`, json.at(key));
  }
  return seconds;
}

/**
 * Reads where the reservations are, and nothing else: DEL and GC can release what was reserved
 * before the rest of the configuration became invalid.
 *
 * @throws {DecodeError} if `ipam` is not an object or `dataDir` is not a string: the directory is
 *   unknown then.
 */
export function parseStoreConfig({ json, name }: NetworkConfig): StoreConfig {
  const ipam = json.object("ipam");
  const dataDir = ipam?.string("dataDir") || DEFAULT_DATA_DIR;
  const seconds = ipam?.value("lockTimeoutSeconds");
  const isUsable = typeof seconds === "number" && seconds >= 0;
  return {
    directory: cleanPath(`${dataDir}/${name}`),
    lockTimeoutMs: (isUsable ? seconds : DEFAULT_LOCK_TIMEOUT_SECONDS) * 1000,
  };
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

/**
 * Reads a requested address. An empty or `null` one is undefined: it is refused later, in
 * upstream's order of checks.
 */
function readRequest(value: unknown, path: string): IpAddress | undefined {
  if (value === null || value === "") return undefined;
  if (typeof value !== "string") throw wrongType(value, path, "a string");
  const address = parseAddressOrCidr(value);
  if (address === undefined) {
    throw new ConfigError(`invalid IP address ${value}`, path);
  }
  return address;
}

function readRangeSet(value: unknown, path: string): readonly RawRange[] {
  return value === null
    ? []
    : parseList(value, path, (element, at) =>
      readRange(new JsonObject(element, at)));
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
  fromArgs: readonly (IpAddress | undefined)[],
  fromRuntime: readonly (IpAddress | undefined)[],
): readonly IpAddress[] {
  const first = fromArgs.length === 0 ? fromCniArgs : fromArgs;
  limitCount(first.length + fromRuntime.length, "requested addresses", "");
  const merged = [...first, ...fromRuntime].map((address) => {
    if (address === undefined) {
      throw new ConfigError("cannot understand ip: IP <nil> not v4 nor v6", "");
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
    throw new ConfigError("IPAM config missing 'ipam' key", "ipam");
  }
  ipam.string("type");
  ipam.string("name");
  const single = readRange(ipam);
  const listedSets = ipam.list("ranges", readRangeSet) ?? [];
  const routes = ipam.list("routes", readConfiguredRoute) ?? [];
  const resolvConf = ipam.string("resolvConf") ?? "";
  const statusFailsWhenFull = ipam.boolean("statusFailsWhenFull") ?? false;
  readSeconds(ipam, "lockTimeoutSeconds");
  parseGcGraceMs(config);

  const requestedAddresses = mergeRequests(
    parseCniArgs(cniArgs),
    argsRequests,
    runtimeRequests,
  );
  const rawSets = [
    ...runtimeSets,
    ...(single.subnet === undefined ? [] : [[single]]),
    ...listedSets,
  ];
  limitCount(rawSets.flat().length, "ranges", "ipam.ranges");
  const [first, ...rest] = resolveRangeSets(rawSets);
  if (first === undefined) {
    throw new ConfigError("no IP ranges specified", "ipam.ranges");
  }
  const rangeSets = [first, ...rest] as const;
  refuseSeveralAddresses(rangeSets, cniVersion);
  refuseOverlappingSets(rangeSets);
  return {
    ...parseStoreConfig(config),
    rangeSets,
    requestedAddresses,
    routes,
    ...(resolvConf === "" ? {} : { resolvConf }),
    statusFailsWhenFull,
  };
}
