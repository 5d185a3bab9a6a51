/** The network configuration on stdin, as far as every plugin reads it (SPEC section 1). Pure. @module */

import { DecodeError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import { isValidName } from "./environment.ts";
import { CniError, CniErrorCode } from "./error.ts";
import { DEFAULT_VERSION } from "./spec_version.ts";

/** The document and the two keys that all plugins share. */
export interface NetworkConfig {
  readonly name: string;
  /** As it stands in the document; empty if missing. */
  readonly cniVersion: string;
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DecodeError(
      reason.charAt(0).toLowerCase() + reason.slice(1),
      "stdin",
      { cause: error },
    );
  }
}

/**
 * Parses the text as one JSON object.
 *
 * @throws {CniError} code 6 if it is anything else.
 */
export function parseDocument(stdin: string): JsonObject {
  return decode(
    "error unmarshall network config",
    () => new JsonObject(parseJson(stdin), ""),
  );
}

/** The version an error about `json` should carry: what the document asks for, whether it can be had or not. */
export function versionForErrors(json: JsonObject): string {
  const cniVersion = json.value("cniVersion");
  return typeof cniVersion === "string" && cniVersion !== ""
    ? cniVersion
    : DEFAULT_VERSION;
}

/**
 * The network name.
 *
 * @throws {CniError} code 6 if it is no string, code 7 if it is missing or has other characters than a name may have.
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
 * `cniVersion` as it stands in the document, empty if missing; not yet judged.
 *
 * @throws {CniError} code 6 if it is no string.
 */
export function readCniVersion(json: JsonObject): string {
  return decode(
    "decoding version from network config",
    () => json.string("cniVersion"),
  ) ?? "";
}
