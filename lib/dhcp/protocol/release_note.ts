/** The form of every file in the state directory, and the content of a release note. Pure. @module */

import { DecodeError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import type { Attachment } from "../../cni/attachment.ts";

const FORMAT = 1;

/** JSON with the number of its format. */
export function formatStateFile(
  content: Readonly<Record<string, unknown>>,
): string {
  return `${JSON.stringify({ format: FORMAT, ...content }, undefined, 2)}\n`;
}

/** @throws {DecodeError} if it is not JSON, such as the half of it, or of another format. */
export function parseStateFile(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DecodeError("not JSON", "", { cause });
  }
  const json = new JsonObject(value, "file");
  const format = json.integer("format");
  if (format === FORMAT) return json;
  throw new DecodeError(`format is ${format}, expected ${FORMAT}`, "format");
}

/** Formats a release note: it asks the next daemon to release the lease of an attachment. */
export function formatReleaseNote(attachment: Attachment): string {
  return formatStateFile({ release: true, attachment });
}

/** Parses a release note. @throws {DecodeError} if it is not one. */
export function parseReleaseNote(text: string): Attachment {
  return readAttachment(parseStateFile(text));
}

/** The value of `attachment`. @throws {DecodeError} */
export function readAttachment(json: JsonObject): Attachment {
  const attachment = child(json, "attachment");
  return {
    containerId: required(attachment, "containerId"),
    networkName: required(attachment, "networkName"),
    ifName: required(attachment, "ifName"),
  };
}

/** The object under `key`. @throws {DecodeError} if there is none. */
export function child(json: JsonObject, key: string): JsonObject {
  const object = json.object(key);
  if (object !== undefined) return object;
  throw new DecodeError(`${key} is missing`, json.at(key));
}

/** The text under `key`. @throws {DecodeError} if there is none. */
export function required(json: JsonObject, key: string): string {
  const text = json.string(key) ?? "";
  if (text !== "") return text;
  throw new DecodeError(`${key} is missing`, json.at(key));
}
