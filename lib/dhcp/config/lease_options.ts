/**
 * What a network wants of its leases: resolved from the configuration by the plugin, sent to the daemon, kept with the
 * lease. Pure. @module
 */

import { ConfigError } from "../../base/errors.ts";
import { formatHex, parseHex } from "../../base/hex.ts";
import { JsonObject, parseList, wrongType } from "../../base/json_reader.ts";
import type { DhcpOptions } from "../codec/options.ts";

/** How the client names itself to servers (option 61). */
export type ClientId =
  /** By the attachment, as upstream does. */
  | { readonly kind: "attachment" }
  /** By the hardware address of the interface. */
  | { readonly kind: "mac" }
  /** By the machine and the attachment (RFC 4361). */
  | { readonly kind: "duid" }
  /** By these 2 to 255 bytes, type byte included. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** What is done to the interface when its address must not be used any more. */
export type OnExpiry = "down" | "keep";

/** What is done to the interface when a renewal brings other values. */
export type OnChange = "apply" | "keep";

/** Everything of a network's configuration that the daemon has to know. */
export interface LeaseOptions {
  readonly clientId: ClientId;
  /** Options to send. */
  readonly provided: DhcpOptions;
  /** Option 55, in order; empty: not sent. */
  readonly requestedCodes: readonly number[];
  /** Undefined: as the daemon's flags say. */
  readonly broadcast: boolean | "auto" | undefined;
  /** Total time for an ADD; undefined: as the daemon's flags say. */
  readonly timeoutMs: number | undefined;
  readonly onExpiry: OnExpiry;
  readonly onChange: OnChange;
  /** How long an address is probed before it is used; 0: not at all. */
  readonly conflictProbeMs: number;
  /** Metric of the routes; 0: the kernel's default. */
  readonly priority: number;
  /** No gateway and no default route are reported or set. */
  readonly suppressGateway: boolean;
  /** Routes of option 121 that together stand for the default route are taken. */
  readonly allowSplitDefault: boolean;
}

/** The JSON form, for {@link parseLeaseOptions}. */
export function formatLeaseOptions(options: LeaseOptions): unknown {
  const { clientId, provided, requestedCodes, ...rest } = options;
  return {
    clientId: clientId.kind === "bytes"
      ? { hex: formatHex(clientId.bytes) }
      : clientId.kind,
    provided: Object.fromEntries(
      [...provided].map(([code, content]) => [code, formatHex(content)]),
    ),
    requestedCodes,
    ...rest,
  };
}

/**
 * Reads the JSON form; what is absent has its default.
 *
 * @throws {DecodeError} for a value of the wrong type.
 * @throws {ConfigError} for a value that cannot be.
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
    allowSplitDefault: json.boolean("allowSplitDefault") ?? false,
  };
}

/**
 * One of `choices`.
 *
 * @throws {ConfigError} if `key` has another value.
 */
export function readChoice<T extends string>(
  json: JsonObject,
  key: string,
  choices: readonly T[],
): T | undefined {
  const text = json.string(key);
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  const expected = choices.map((known) => JSON.stringify(known)).join(" or ");
  throw new ConfigError(
    `${key} is ${JSON.stringify(text)}, expected ${expected}`,
    json.at(key),
  );
}

/** `true`, `false` or `"auto"`. */
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
  for (let code = 1; json !== undefined && code < 255; code++) {
    const key = String(code);
    if (json.has(key)) provided.set(code, readHex(json, key));
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

/** A list, or the one element that stands for it as the public documentation has it. */
export function readListOrOne<T>(
  json: JsonObject,
  key: string,
  parse: (element: JsonObject) => T,
): readonly T[] {
  const value = json.value(key);
  if (value === undefined) return [];
  const path = json.at(key);
  return Array.isArray(value)
    ? parseList(
      value,
      path,
      (element, at) => parse(new JsonObject(element, at)),
    )
    : [parse(new JsonObject(value, path))];
}
