/** The network configuration of the dhcp plugin, parsed once from JSON to values. Pure. @module */

import { parseDuration } from "../../base/duration.ts";
import { ConfigError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json_reader.ts";
import type { NetworkConfig } from "../../cni/network_config.ts";
import { parseHexIdentifier } from "../codec/client_identifier.ts";
import { parseCniArgs } from "./cni_args.ts";
import { findHostDevice } from "./host_device.ts";
import { readChoice, readPrefixes } from "./json_values.ts";
import {
  type ClientId,
  type LeaseOptions,
  readBroadcast,
} from "./lease_options.ts";
import { readProvidedOptions } from "./provided_options.ts";
import { readRequestedCodes } from "./requested_options.ts";

/** A resolved configuration. */
export interface DhcpConfig {
  /** The path of the daemon's socket. */
  readonly socketPath: string;
  readonly options: LeaseOptions;
}

/** The default path of the daemon's socket. */
export const DEFAULT_SOCKET_PATH = "/run/cni/dhcp.sock";

/** A shorter time lets every ADD fail although the server answers. */
const MIN_TIMEOUT_MS = 100;
/** The probe of RFC 5227 takes up to 9 s; a longer one would only use up the time of the ADD. */
const MAX_PROBE_MS = 10_000;
const MAX_METRIC = 0xffffffff;

/**
 * Reads the path of the daemon's socket from a configuration that may be invalid otherwise: DEL and
 * GC must release what an earlier, valid configuration acquired.
 *
 * @throws {DecodeError} if `ipam` is not an object or `daemonSocketPath` is not a string.
 */
export function parseSocketPath(
  { json }: Pick<NetworkConfig, "json">,
): string {
  const path = json.object("ipam")?.string("daemonSocketPath") ?? "";
  return path === "" ? DEFAULT_SOCKET_PATH : path;
}

/**
 * Parses the whole configuration.
 *
 * @param cniArgs The value of CNI_ARGS.
 * @throws {DecodeError} if a value has the wrong type.
 * @throws {ConfigError} if a value is invalid, with upstream's message where upstream has one.
 */
export function parseDhcpConfig(
  config: NetworkConfig,
  cniArgs: string,
): DhcpConfig {
  const ipam = config.json.object("ipam");
  if (ipam === undefined) {
    throw new ConfigError("IPAM config missing 'ipam' key", "ipam");
  }
  ipam.string("type");
  const suppressed = readSuppressed(ipam);
  const routes = readRoutes(ipam);
  return {
    socketPath: parseSocketPath(config),
    options: {
      clientId: readClientId(ipam),
      provided: readProvidedOptions(ipam, parseCniArgs(cniArgs)),
      requestedCodes: readRequestedCodes(ipam),
      broadcast: readBroadcast(ipam),
      timeoutMs: readTimeout(ipam),
      onExpiry: readChoice(ipam, "onExpiry", ["down", "keep"]) ?? "down",
      onChange: readChoice(ipam, "onChange", ["apply", "keep"]) ?? "apply",
      conflictProbeMs: readProbe(ipam),
      priority: readPriority(ipam),
      suppressGateway: suppressed.includes("gateway"),
      suppressRoutes: suppressed.includes("routes"),
      suppressDns: suppressed.includes("dns"),
      allowedRoutes: routes && readPrefixes(routes, "allow"),
      deniedRoutes: (routes && readPrefixes(routes, "deny")) ?? [],
      allowSplitDefault: ipam.boolean("allowSplitDefault") ?? false,
      hostDevice: findHostDevice(config.json),
    },
  };
}

function readClientId(ipam: JsonObject): ClientId {
  const key = "clientId";
  if (typeof ipam.value(key) !== "object") {
    return { kind: readChoice(ipam, key, ["mac", "duid"]) ?? "attachment" };
  }
  const json = ipam.object(key);
  const hex = json?.string("hex") ?? "";
  const bytes = parseHexIdentifier(hex);
  if (bytes !== undefined) return { kind: "bytes", bytes };
  throw new ConfigError(
    `clientId is ${
      JSON.stringify(hex)
    }, expected 2 to 255 bytes in hexadecimal`,
    json?.at("hex") ?? ipam.at(key),
  );
}

/** Reads `timeout`: a number of seconds, or a duration such as `1m30s`. @returns Milliseconds. */
function readTimeout(ipam: JsonObject): number | undefined {
  const key = "timeout";
  const value = ipam.value(key);
  if (value === undefined) return undefined;
  const ms = typeof value === "number"
    ? value * 1000
    : parseDuration(ipam.string(key) ?? "");
  if (ms !== undefined && ms >= MIN_TIMEOUT_MS && ms < Infinity) return ms;
  const expected = ms !== undefined && ms > 0 && ms < MIN_TIMEOUT_MS
    ? "at least 0.1 seconds"
    : 'a positive number of seconds or a duration such as "30s"';
  throw new ConfigError(
    `timeout is ${JSON.stringify(value)}, expected ${expected}`,
    ipam.at(key),
  );
}

function readProbe(ipam: JsonObject): number {
  const key = "conflictProbeMs";
  const ms = ipam.integer(key) ?? 0;
  if (ms >= 0 && ms <= MAX_PROBE_MS) return ms;
  throw new ConfigError(
    `${key} is ${ms}, expected 0 to ${MAX_PROBE_MS}`,
    ipam.at(key),
  );
}

function readPriority(ipam: JsonObject): number {
  const key = "priority";
  const priority = ipam.integer(key) ?? 0;
  // A metric has 32 bits. Upstream accepts negative values, which the kernel reads as very high
  // ones.
  if (Math.abs(priority) <= MAX_METRIC) return priority;
  throw new ConfigError(
    `${key} is ${priority}, expected ${-MAX_METRIC} to ${MAX_METRIC}`,
    ipam.at(key),
  );
}

/**
 * Reads `routes`. A list, as other IPAM plugins have it, is ignored: it is not about the routes of
 * a server.
 */
function readRoutes(ipam: JsonObject): JsonObject | undefined {
  return Array.isArray(ipam.value("routes"))
    ? undefined
    : ipam.object("routes");
}

function readSuppressed(ipam: JsonObject): readonly string[] {
  const key = "suppress";
  const words = ipam.list(key, (element, path) => ({ element, path })) ?? [];
  return words.map(({ element, path }) => {
    if (element === "gateway" || element === "routes" || element === "dns") {
      return element;
    }
    throw new ConfigError(
      `${key} has ${
        JSON.stringify(element)
      }, expected "gateway", "routes" or "dns"`,
      path,
    );
  });
}
