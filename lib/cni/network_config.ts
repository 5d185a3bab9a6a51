/** The keys of the network configuration that every plugin reads (SPEC section 1). Pure. @module */

import { DecodeError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import { parseJson } from "../base/json_text.ts";
import { isValidName } from "./environment.ts";
import { CniError, CniErrorCode } from "./error.ts";
import { DEFAULT_VERSION } from "./spec_version.ts";

/** The longest network configuration: a GC with a list of some 20,000 attachments. */
export const MAX_STDIN_BYTES = 2 * 1024 * 1024;

/** A network configuration. */
export interface NetworkConfig {
  readonly name: string;
  /** As given in the document; empty if missing. */
  readonly cniVersion: string;
  /** The whole document. */
  readonly json: JsonObject;
}

function decode<T>(prefix: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new CniError(
      CniErrorCode.decodingFailure,
      `${prefix}: ${error.message}`,
      { cause: error },
    );
  }
}

/**
 * Parses text as a JSON object.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseDocument('{"name":"net"}').string("name"), "net");
 * ```
 *
 * @throws {CniError} code 6 if it is not a JSON object.
 */
export function parseDocument(stdin: string): JsonObject {
  return decode(
    "error unmarshall network config",
    () => new JsonObject(parseJson(stdin, "stdin"), ""),
  );
}

/**
 * Returns the version for an error about `json`: the requested one, even if it is not supported.
 */
export function versionForErrors(json: JsonObject): string {
  const cniVersion = json.value("cniVersion");
  return typeof cniVersion === "string" && cniVersion !== ""
    ? cniVersion
    : DEFAULT_VERSION;
}

/**
 * Reads the network name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readNetworkName(parseDocument('{"name":"net"}')), "net");
 * ```
 *
 * @throws {CniError} code 6 if it is not a string, code 7 if it is missing or has invalid
 *   characters.
 */
export function readNetworkName(json: JsonObject): string {
  const name =
    decode("error unmarshall network config", () => json.string("name")) ?? "";
  if (name === "") {
    throw new CniError(
      CniErrorCode.invalidNetworkConfig,
      "missing network name",
    );
  }
  if (isValidName(name)) return name;
  throw new CniError(
    CniErrorCode.invalidNetworkConfig,
    "invalid characters found in network name",
    { details: name },
  );
}

/**
 * Reads `cniVersion` as given in the document, empty if missing. It may be unsupported.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readCniVersion(parseDocument('{"cniVersion":"1.0.0"}')), "1.0.0");
 * ```
 *
 * @throws {CniError} code 6 if it is not a string.
 */
export function readCniVersion(json: JsonObject): string {
  return decode(
    "decoding version from network config",
    () => json.string("cniVersion"),
  ) ?? "";
}
