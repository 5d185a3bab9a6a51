/** The network configuration of dhcp: raw JSON in, resolved value out; nothing downstream looks again. Pure. @module */

import { parseDuration } from "../../base/duration.ts";
import { ConfigError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json_reader.ts";
import type { NetworkConfig } from "../../cni/network_config.ts";
import { parseHexIdentifier } from "../codec/client_identifier.ts";
import { parseCniArgs } from "./cni_args.ts";
import {
  type ClientId,
  type LeaseOptions,
  readBroadcast,
  readChoice,
} from "./lease_options.ts";
import { readProvidedOptions, readRequestedCodes } from "./request_provide.ts";

/** A configuration that a lease can be had with. */
export interface DhcpConfig {
  /** Where the daemon listens. */
  readonly socketPath: string;
  readonly options: LeaseOptions;
}

/** Where the daemon listens and the plugin connects by default. */
export const DEFAULT_SOCKET_PATH = "/run/cni/dhcp.sock";

/** RFC 5227 takes up to 9 s; longer would only eat up the time of the ADD. */
const MAX_PROBE_MS = 10_000;

/**
 * Where the daemon listens; whatever else is wrong with the configuration does not matter here, so that DEL and GC can
 * give back what an earlier, better configuration got.
 *
 * @throws {DecodeError} if `ipam` is no object or `daemonSocketPath` no string.
 */
export function parseSocketPath({ json }: NetworkConfig): string {
  const path = json.object("ipam")?.string("daemonSocketPath") ?? "";
  return path === "" ? DEFAULT_SOCKET_PATH : path;
}

/**
 * Resolves the whole configuration.
 *
 * @param cniArgs CNI_ARGS as the environment has it.
 * @throws {DecodeError} for a value of the wrong type.
 * @throws {ConfigError} for everything else, with upstream's text where upstream has one.
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
      suppressGateway: readSuppressed(ipam).includes("gateway"),
      allowSplitDefault: ipam.boolean("allowSplitDefault") ?? false,
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

/** A number of seconds, or a text such as `1m30s`. */
function readTimeout(ipam: JsonObject): number | undefined {
  const key = "timeout";
  const value = ipam.value(key);
  if (value === undefined) return undefined;
  const ms = typeof value === "number"
    ? value * 1000
    : parseDuration(ipam.string(key) ?? "");
  if (ms !== undefined && ms > 0 && Number.isFinite(ms)) return ms;
  throw new ConfigError(
    `timeout is ${
      JSON.stringify(value)
    }, expected a positive number of seconds or a duration such as "30s"`,
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
  // A metric is 32 bits wide; upstream takes negative ones, which the kernel reads as very high.
  if (Math.abs(priority) <= 0xffffffff) return priority;
  throw new ConfigError(`${key} ${priority} is no metric`, ipam.at(key));
}

function readSuppressed(ipam: JsonObject): readonly string[] {
  const key = "suppress";
  const words = ipam.list(key, (element, path) => ({ element, path })) ?? [];
  return words.map(({ element, path }) => {
    if (element === "gateway") return element;
    throw new ConfigError(
      `${key} has ${JSON.stringify(element)}, expected "gateway"`,
      path,
    );
  });
}
