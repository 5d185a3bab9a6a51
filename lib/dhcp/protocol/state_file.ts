/**
 * The format that every file in the state directory has: JSON with a format number. Pure.
 *
 * @module
 */

import { DecodeError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import { parseJson } from "../../base/json_text.ts";

/** A change that an older release would misread gets a new number. */
const FORMAT = 1;

/** Formats the content of a state file, indented for a human reader. */
export function formatStateFile(
  content: Readonly<Record<string, unknown>>,
): string {
  return `${JSON.stringify({ format: FORMAT, ...content }, undefined, 2)}\n`;
}

/**
 * Parses the content of a state file.
 *
 * @throws {DecodeError} if `text` is not JSON, for example because it is truncated, or has another
 * format number.
 */
export function parseStateFile(text: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(text, "");
  } catch (cause) {
    throw new DecodeError("not JSON", "", { cause });
  }
  const json = new JsonObject(value, "file");
  const format = json.integer("format");
  if (format === FORMAT) return json;
  throw new DecodeError(`format is ${format}, expected ${FORMAT}`, "format");
}
