/** Keys that messages and state files cannot do without. Pure. @module */

import { DecodeError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json_reader.ts";
import type { Attachment } from "../../cni/attachment.ts";

/**
 * Reads the object under `key`.
 *
 * @throws {DecodeError} if it is absent or not an object.
 */
export function requiredObject(json: JsonObject, key: string): JsonObject {
  const object = json.object(key);
  if (object !== undefined) return object;
  throw new DecodeError(`${key} is missing`, json.at(key));
}

/**
 * Reads the string under `key`.
 *
 * @throws {DecodeError} if it is absent, empty or not a string.
 */
export function requiredString(json: JsonObject, key: string): string {
  const text = json.string(key) ?? "";
  if (text !== "") return text;
  throw new DecodeError(`${key} is missing`, json.at(key));
}

/**
 * Reads the attachment under `attachment`.
 *
 * @throws {DecodeError} if it or one of its parts is absent or has the wrong type.
 */
export function requiredAttachment(json: JsonObject): Attachment {
  const attachment = requiredObject(json, "attachment");
  return {
    containerId: requiredString(attachment, "containerId"),
    networkName: requiredString(attachment, "networkName"),
    ifName: requiredString(attachment, "ifName"),
  };
}
