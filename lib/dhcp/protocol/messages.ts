/**
 * What plugin and daemon say to each other on the daemon's unix socket.
 *
 * One connection carries one call. Each message is one JSON object on one line, UTF-8, ended by a line feed. The plugin
 * keeps its side open until it has its answer: hanging up before takes the call back.
 *
 * ```text
 * plugin -> daemon   {"protocol":1,"method":"allocate","attachment":{"containerId":"c1","networkName":"net",
 *                     "ifName":"eth0"},"netns":"/var/run/netns/x","options":{...}}
 * daemon -> plugin   {"protocol":1,"result":{"ips":[{"address":"192.0.2.5/24"}]}}
 * plugin -> daemon   {"protocol":1,"method":"confirm"}
 * daemon -> plugin   {"protocol":1}
 * ```
 *
 * | method | keys | answer |
 * | --- | --- | --- |
 * | allocate | attachment, netns, netnsOverride, options | result: a CNI 1.1.0 result |
 * | confirm | | none; only after allocate: the runtime has the result |
 * | release | attachment | |
 * | check | attachment, netns, addresses | |
 * | gc | networkName, attachments | released: how many |
 * | status | | version, leases: how many by state, counters |
 *
 * Instead of these keys an answer may have `error`, with `code`, `msg` and `details` of a CNI error. A plugin that hangs
 * up before `confirm` takes its allocate back. The daemon closes the connection after its answer, or after `confirm`.
 * Unknown keys are ignored; a change that an older side would misread gets a new number under `protocol`. Pure. @module
 */

import { DecodeError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import {
  CniError,
  CniErrorCode,
  type CniErrorCodeValue,
} from "../../cni/error.ts";
import type { Result } from "../../cni/result.ts";
import { formatResult } from "../../cni/result_conversion.ts";
import { CURRENT_VERSION } from "../../cni/spec_version.ts";
import { type Cidr, formatCidr, parseCidr } from "../../net/cidr.ts";
import {
  formatLeaseOptions,
  type LeaseOptions,
  parseLeaseOptions,
} from "../config/lease_options.ts";
import { child, readAttachment, required } from "./release_note.ts";
import type { Attachment } from "../../cni/attachment.ts";

/** The one version there is. */
export const PROTOCOL_VERSION = 1;

/** A request of more bytes is refused; a GC may list thousands of attachments. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/** An answer of more bytes is refused. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

/** What the plugin asks. */
export type DaemonRequest =
  | {
    readonly method: "allocate";
    readonly attachment: Attachment;
    /** Absolute path, without the daemon's prefix. */
    readonly netns: string;
    /** It may be the daemon's own namespace. */
    readonly netnsOverride: boolean;
    readonly options: LeaseOptions;
  }
  | { readonly method: "confirm" }
  | { readonly method: "release"; readonly attachment: Attachment }
  | {
    readonly method: "check";
    readonly attachment: Attachment;
    readonly netns: string;
    /** Addresses of the previous result; undefined if there is none. */
    readonly addresses: readonly Cidr[] | undefined;
  }
  | {
    readonly method: "gc";
    readonly networkName: string;
    /** Those that stay. */
    readonly attachments: readonly Pick<Attachment, "containerId" | "ifName">[];
  }
  | { readonly method: "status" };

/** What the daemon answers; keys depend on the method. */
export type DaemonResponse =
  | { readonly kind: "answer"; readonly body: JsonObject }
  | { readonly kind: "error"; readonly error: CniError };

/** The line of a request, without its line feed. */
export function formatRequest(request: DaemonRequest): string {
  return formatLine(toJson(request));
}

/** The line of an answer; keys as the method has them. */
export function formatAnswer(
  body: Readonly<Record<string, unknown>> = {},
): string {
  return formatLine(body);
}

/** The answer to allocate. */
export function formatAllocation(result: Result): string {
  const json = JSON.parse(formatResult(result, CURRENT_VERSION));
  return formatLine({ result: json });
}

/** The answer to a request that failed. */
export function formatFailure(
  { code, message, details }: CniError,
): string {
  return formatLine({ error: { code, msg: message, details } });
}

/**
 * Reads a request.
 *
 * @param line Without its line feed.
 * @throws {DecodeError | ConfigError} if it is not one.
 */
export function parseRequest(line: string): DaemonRequest {
  const json = parseLine(line);
  const method = json.string("method") ?? "";
  switch (method) {
    case "allocate":
      return {
        method,
        attachment: readAttachment(json),
        netns: required(json, "netns"),
        netnsOverride: json.boolean("netnsOverride") ?? false,
        options: parseLeaseOptions(child(json, "options")),
      };
    case "confirm":
    case "status":
      return { method };
    case "release":
      return { method, attachment: readAttachment(json) };
    case "check":
      return {
        method,
        attachment: readAttachment(json),
        netns: required(json, "netns"),
        addresses: json.list("addresses", readCidr),
      };
    case "gc":
      return {
        method,
        networkName: required(json, "networkName"),
        attachments: readAttachments(json),
      };
    default:
      throw new DecodeError(
        `method is ${JSON.stringify(method)}, expected a known one`,
        "method",
      );
  }
}

/**
 * Reads an answer.
 *
 * @throws {DecodeError} if it is not one.
 */
export function parseResponse(line: string): DaemonResponse {
  const body = parseLine(line);
  const error = body.object("error");
  if (error === undefined) return { kind: "answer", body };
  const code =
    Object.values(CniErrorCode).find((known) =>
      known === error.integer("code")
    ) ?? CniErrorCode.internal;
  return { kind: "error", error: toError(code, error) };
}

function toError(code: CniErrorCodeValue, json: JsonObject): CniError {
  return new CniError(code, json.string("msg") ?? "", {
    details: json.string("details") ?? "",
  });
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
      return request;
  }
}

function formatLine(body: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ protocol: PROTOCOL_VERSION, ...body });
}

function parseLine(line: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new DecodeError("message is not JSON", "", { cause });
  }
  const json = new JsonObject(value, "message");
  const version = json.integer("protocol");
  if (version === PROTOCOL_VERSION) return json;
  throw new DecodeError(
    `protocol is ${version}, expected ${PROTOCOL_VERSION}: plugin and daemon are of different releases`,
    json.at("protocol"),
  );
}

function readAttachments(
  json: JsonObject,
): readonly Pick<Attachment, "containerId" | "ifName">[] {
  const attachments = json.list("attachments", (element, path) => {
    const attachment = new JsonObject(element, path);
    return {
      containerId: required(attachment, "containerId"),
      ifName: required(attachment, "ifName"),
    };
  });
  if (attachments !== undefined) return attachments;
  throw new DecodeError("attachments are missing", json.at("attachments"));
}

function readCidr(value: unknown, path: string): Cidr {
  const cidr = typeof value === "string" ? parseCidr(value) : undefined;
  if (cidr !== undefined) return cidr;
  throw new DecodeError("not an address with its prefix length", path);
}
