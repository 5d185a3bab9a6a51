/**
 * The protocol between plugin and daemon on the daemon's unix socket.
 *
 * Each connection carries one call. A message is one JSON object on one line: UTF-8, terminated by
 * a line feed. The plugin keeps its side open until it has the response: a caller that disconnects
 * earlier cancels its call.
 *
 * ```text
 * plugin -> daemon   {"protocol":1,"method":"allocate","netns":"/var/run/netns/x",
 *                     "attachment":{"containerId":"c1","networkName":"net","ifName":"eth0"},
 *                     "options":{...}}
 * daemon -> plugin   {"protocol":1,"result":{"ips":[{"address":"192.0.2.5/24"}]}}
 * plugin -> daemon   {"protocol":1,"method":"confirm"}
 * daemon -> plugin   {"protocol":1}
 * ```
 *
 * | method | keys of the request | keys of the response |
 * | --- | --- | --- |
 * | allocate | attachment, netns, netnsOverride, options | result: a CNI 1.1.0 result |
 * | confirm | none; sent only after allocate, once the runtime has the result | none |
 * | release | attachment | none |
 * | check | attachment, netns, addresses | none |
 * | gc | networkName, attachments | released: the number of released leases |
 * | status | none | version, leases: their number by state, counters; unready: why no ADD can succeed |
 * | leases | after: the text of an attachment | leases: the next ones in order; more: whether there are others |
 * | renew | attachment | event: what came of it |
 * | watch | none | none; then a line with `event` for each event, and one with `end` if the daemon ends it |
 *
 * The last three are for operators (`lease_report.ts`, `lease_event.ts`).
 *
 * A failed call has `error` instead, with `code`, `msg` and `details` of a CNI error. The daemon
 * takes an allocate back if the plugin disconnects without a `confirm`. It closes the connection
 * after its last response. Unknown keys are ignored; a change that the other side would misread
 * gets a new number under `protocol`. Pure.
 *
 * @module
 */

import { DecodeError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import { parseJson } from "../../base/json_text.ts";
import type { Attachment, ContainerInterface } from "../../cni/attachment.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import type { Result } from "../../cni/result.ts";
import { formatResult } from "../../cni/result_conversion.ts";
import { CURRENT_VERSION } from "../../cni/spec_version.ts";
import { type Cidr, formatCidr, parseCidr } from "../../net/cidr.ts";
import {
  formatLeaseOptions,
  type LeaseOptions,
  parseLeaseOptions,
} from "../config/lease_options.ts";
import {
  requiredAttachment,
  requiredObject,
  requiredString,
} from "./required_keys.ts";

const PROTOCOL_VERSION = 1;

/** The longest request in bytes; a GC may list thousands of attachments. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/** The longest response in bytes. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

/** A request of the plugin. */
export type DaemonRequest =
  | {
    readonly method: "allocate";
    readonly attachment: Attachment;
    /** An absolute path, without the daemon's `-hostprefix`. */
    readonly netns: string;
    /** Whether `netns` may be the daemon's own network namespace. */
    readonly netnsOverride: boolean;
    readonly options: LeaseOptions;
  }
  | { readonly method: "confirm" }
  | { readonly method: "release"; readonly attachment: Attachment }
  | {
    readonly method: "check";
    readonly attachment: Attachment;
    readonly netns: string;
    /** The addresses of `prevResult`; undefined if there is none. */
    readonly addresses: readonly Cidr[] | undefined;
  }
  | {
    readonly method: "gc";
    readonly networkName: string;
    /** The attachments whose leases are kept. */
    readonly attachments: readonly ContainerInterface[];
  }
  | { readonly method: "status" }
  | {
    readonly method: "leases";
    /** Only leases after this {@link attachmentText}; empty: from the first. */
    readonly after: string;
  }
  | { readonly method: "renew"; readonly attachment: Attachment }
  | { readonly method: "watch" };

/** A response of the daemon; the keys of `body` depend on the method. */
export type DaemonResponse =
  | { readonly kind: "success"; readonly body: JsonObject }
  | { readonly kind: "error"; readonly error: CniError };

/** Formats a request as a line, without the line feed. */
export function formatRequest(request: DaemonRequest): string {
  return formatLine(toJson(request));
}

/** Formats the response to a successful call as a line, without the line feed. */
export function formatResponse(
  body: Readonly<Record<string, unknown>> = {},
): string {
  return formatLine(body);
}

/** Formats the response to a successful allocate as a line, without the line feed. */
export function formatAllocation(result: Result): string {
  const json = JSON.parse(formatResult(result, CURRENT_VERSION));
  return formatLine({ result: json });
}

/** Formats the response to a failed call as a line, without the line feed. */
export function formatFailure(
  { code, message, details }: CniError,
): string {
  return formatLine({ error: { code, msg: message, details } });
}

/**
 * Parses a request.
 *
 * @param line The request without its line feed.
 * @throws {DecodeError} if `line` is not JSON, has another protocol version or method, or lacks a
 * key of its method.
 * @throws {ConfigError} if an option is invalid.
 */
export function parseRequest(line: string): DaemonRequest {
  const json = parseLine(line);
  const method = json.string("method") ?? "";
  switch (method) {
    case "allocate":
      return {
        method,
        attachment: requiredAttachment(json),
        netns: requiredString(json, "netns"),
        netnsOverride: json.boolean("netnsOverride") ?? false,
        options: parseLeaseOptions(requiredObject(json, "options")),
      };
    case "confirm":
    case "status":
    case "watch":
      return { method };
    case "leases":
      return { method, after: json.string("after") ?? "" };
    case "release":
    case "renew":
      return { method, attachment: requiredAttachment(json) };
    case "check":
      return {
        method,
        attachment: requiredAttachment(json),
        netns: requiredString(json, "netns"),
        addresses: json.list("addresses", readCidr),
      };
    case "gc":
      return {
        method,
        networkName: requiredString(json, "networkName"),
        attachments: readAttachments(json),
      };
    default:
      throw new DecodeError(
        `unknown method ${JSON.stringify(method)}`,
        json.at("method"),
      );
  }
}

/**
 * Parses a response.
 *
 * An error code that is not one of {@link CniErrorCode} becomes `internal`.
 *
 * @param line The response without its line feed.
 * @throws {DecodeError} if `line` is not JSON or has another protocol version.
 */
export function parseResponse(line: string): DaemonResponse {
  const body = parseLine(line);
  const error = body.object("error");
  return error === undefined
    ? { kind: "success", body }
    : { kind: "error", error: readError(error) };
}

function readError(json: JsonObject): CniError {
  const codes = Object.values(CniErrorCode);
  const code = codes.find((known) => known === json.integer("code"));
  return new CniError(
    code ?? CniErrorCode.internal,
    json.string("msg") ?? "",
    { details: json.string("details") ?? "" },
  );
}

function toJson(request: DaemonRequest): Readonly<Record<string, unknown>> {
  switch (request.method) {
    case "allocate":
      return { ...request, options: formatLeaseOptions(request.options) };
    case "check":
      return { ...request, addresses: request.addresses?.map(formatCidr) };
    case "confirm":
    case "status":
    case "release":
    case "gc":
    case "leases":
    case "renew":
    case "watch":
      return request;
  }
}

function formatLine(body: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ protocol: PROTOCOL_VERSION, ...body });
}

function parseLine(line: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(line, "");
  } catch (cause) {
    throw new DecodeError("message is not JSON", "", { cause });
  }
  const json = new JsonObject(value, "message");
  const version = json.integer("protocol");
  if (version === PROTOCOL_VERSION) return json;
  throw new DecodeError(
    `protocol is ${version}, expected ${PROTOCOL_VERSION}: plugin and daemon are different releases`,
    json.at("protocol"),
  );
}

function readAttachments(json: JsonObject): readonly ContainerInterface[] {
  const attachments = json.list("attachments", (element, path) => {
    const attachment = new JsonObject(element, path);
    return {
      containerId: requiredString(attachment, "containerId"),
      ifName: requiredString(attachment, "ifName"),
    };
  });
  if (attachments !== undefined) return attachments;
  throw new DecodeError("attachments is missing", json.at("attachments"));
}

function readCidr(value: unknown, path: string): Cidr {
  const cidr = typeof value === "string" ? parseCidr(value) : undefined;
  if (cidr !== undefined) return cidr;
  throw new DecodeError(
    `${JSON.stringify(value)} is not an address with a prefix length`,
    path,
  );
}
