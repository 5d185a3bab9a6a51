/**
 * The options of a lease: resolved from the network configuration by the plugin, sent to the
 * daemon, and stored with the lease. Pure.
 *
 * @module
 */

import { ConfigError } from "../../base/errors.ts";
import { formatHex, parseHex } from "../../base/hex.ts";
import { type JsonObject, wrongType } from "../../base/json_reader.ts";
import type { DhcpOptions } from "../codec/options.ts";
import { formatCidr, type Ipv4Cidr } from "../../net/cidr.ts";
import { type HostDevice, readHostDevice } from "./host_device.ts";
import { readChoice, readPrefixes } from "./json_values.ts";

/** The source of the client identifier that is sent to servers (option 61). */
export type ClientId =
  /** The attachment, as upstream does it. */
  | { readonly kind: "attachment" }
  /** The hardware address of the interface. */
  | { readonly kind: "mac" }
  /** The machine and the attachment (RFC 4361). */
  | { readonly kind: "duid" }
  /** These 2 to 255 bytes, which begin with the type. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/**
 * What happens to the interface when the lease expires: address removed and link down, or nothing.
 */
export type OnExpiry = "down" | "keep";

/**
 * What happens to the interface when a renewal changes the lease: the changes are applied or not.
 */
export type OnChange = "apply" | "keep";

/** The part of a network configuration that the daemon needs. */
export interface LeaseOptions {
  readonly clientId: ClientId;
  /** Options to send, by code. */
  readonly provided: DhcpOptions;
  /** The codes of option 55 in order; if empty, the option is not sent. */
  readonly requestedCodes: readonly number[];
  /** Whether servers are asked to broadcast replies; undefined: as the daemon's flags say. */
  readonly broadcast: boolean | "auto" | undefined;
  /** The time limit of an ADD; undefined: as the daemon's flags say. */
  readonly timeoutMs: number | undefined;
  readonly onExpiry: OnExpiry;
  readonly onChange: OnChange;
  /** How long an address is probed for conflicts before it is used; 0 skips the probe. */
  readonly conflictProbeMs: number;
  /** The metric of the routes; 0 is the kernel's default. */
  readonly priority: number;
  /** Whether the gateway and the default route are left out. */
  readonly suppressGateway: boolean;
  /** Whether all other routes are left out. */
  readonly suppressRoutes: boolean;
  /** Whether name servers, domain and search list are left out. */
  readonly suppressDns: boolean;
  /**
   * The networks to which a server may set routes, apart from a default route; undefined: any.
   */
  readonly allowedRoutes: readonly Ipv4Cidr[] | undefined;
  /** The networks to which no route may lead, not even in part, apart from a default route. */
  readonly deniedRoutes: readonly Ipv4Cidr[];
  /** Whether the routes of a lease may cover a large part of IPv4, such as 0.0.0.0/1. */
  readonly allowSplitDefault: boolean;
  /** The way to the server once the interface is gone; undefined if it is unknown. */
  readonly hostDevice: HostDevice | undefined;
}

/**
 * Returns lease options as JSON, for {@link parseLeaseOptions}. Keys that version 0.1.0 does not
 * know are absent if they have their default.
 */
export function formatLeaseOptions(options: LeaseOptions): unknown {
  const {
    clientId,
    provided,
    requestedCodes,
    suppressRoutes,
    suppressDns,
    allowedRoutes,
    deniedRoutes,
    ...rest
  } = options;
  return {
    clientId: clientId.kind === "bytes"
      ? { hex: formatHex(clientId.bytes) }
      : clientId.kind,
    provided: Object.fromEntries(
      [...provided].map(([code, content]) => [code, formatHex(content)]),
    ),
    requestedCodes,
    allowedRoutes: allowedRoutes?.map(formatCidr),
    deniedRoutes: deniedRoutes.length === 0
      ? undefined
      : deniedRoutes.map(formatCidr),
    ...suppressRoutes ? { suppressRoutes } : {},
    ...suppressDns ? { suppressDns } : {},
    ...rest,
  };
}

/**
 * Reads lease options from JSON; absent keys have their default.
 *
 * @throws {DecodeError} if a value has the wrong type.
 * @throws {ConfigError} if a value is invalid.
 */
export function parseLeaseOptions(json: JsonObject): LeaseOptions {
  return {
    clientId: readClientId(json),
    provided: readProvided(json.object("provided")),
    requestedCodes:
      json.list("requestedCodes", (code, path) => readByte(code, path)) ?? [],
    broadcast: readBroadcast(json),
    timeoutMs: readSpan(json, "timeoutMs"),
    onExpiry: readChoice(json, "onExpiry", ["down", "keep"]) ?? "down",
    onChange: readChoice(json, "onChange", ["apply", "keep"]) ?? "apply",
    conflictProbeMs: readSpan(json, "conflictProbeMs") ?? 0,
    priority: json.integer("priority") ?? 0,
    suppressGateway: json.boolean("suppressGateway") ?? false,
    suppressRoutes: json.boolean("suppressRoutes") ?? false,
    suppressDns: json.boolean("suppressDns") ?? false,
    allowedRoutes: readPrefixes(json, "allowedRoutes"),
    deniedRoutes: readPrefixes(json, "deniedRoutes") ?? [],
    allowSplitDefault: json.boolean("allowSplitDefault") ?? false,
    hostDevice: readHostDevice(json.object("hostDevice")),
  };
}

/**
 * Reads `broadcast`: `true`, `false` or `"auto"`.
 *
 * @returns The value, or undefined if the key is absent.
 * @throws {DecodeError} if the value has another type.
 * @throws {ConfigError} if the value is another string.
 */
export function readBroadcast(json: JsonObject): boolean | "auto" | undefined {
  return typeof json.value("broadcast") === "string"
    ? readChoice(json, "broadcast", ["auto"] as const)
    : json.boolean("broadcast");
}

function readClientId(json: JsonObject): ClientId {
  if (typeof json.value("clientId") !== "object") {
    const kinds = ["attachment", "mac", "duid"] as const;
    return { kind: readChoice(json, "clientId", kinds) ?? "attachment" };
  }
  return { kind: "bytes", bytes: readHex(json.object("clientId"), "hex") };
}

function readProvided(json: JsonObject | undefined): DhcpOptions {
  const provided = new Map<number, Uint8Array>();
  for (const key of Object.keys(json?.toJson() ?? {})) {
    const code = Number(key);
    const isCode = String(code) === key && Number.isInteger(code) && code > 0 &&
      code < 255;
    if (isCode) provided.set(code, readHex(json, key));
  }
  return provided;
}

function readHex(json: JsonObject | undefined, key: string): Uint8Array {
  const bytes = parseHex(json?.string(key) ?? "");
  if (json !== undefined && bytes !== undefined) return bytes;
  throw new ConfigError(`${key} is not hexadecimal`, json?.at(key) ?? key);
}

function readByte(value: unknown, path: string): number {
  const isByte = typeof value === "number" && Number.isInteger(value) &&
    value >= 0 && value <= 255;
  if (isByte) return value;
  throw wrongType(value, path, "a number from 0 to 255");
}

function readSpan(json: JsonObject, key: string): number | undefined {
  const value = json.value(key);
  if (value === undefined) return undefined;
  const isSpan = typeof value === "number" && Number.isFinite(value) &&
    value >= 0;
  if (isSpan) return value;
  throw wrongType(value, json.at(key), "milliseconds");
}
