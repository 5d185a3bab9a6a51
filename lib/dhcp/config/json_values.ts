/**
 * Values that only the dhcp configuration has: one of several words, a list or a single entry.
 * Pure.
 *
 * @module
 */

import { ConfigError } from "../../base/errors.ts";
import { JsonObject, parseList } from "../../base/json_reader.ts";

/**
 * Reads a string that is one of `choices`.
 *
 * @returns The choice, or undefined if `key` is absent.
 * @throws {DecodeError} if the value is not a string.
 * @throws {ConfigError} if the value is another string.
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

/**
 * Reads a list of objects; a single object counts as a list of one, as the public documentation of
 * the plugin has it.
 *
 * @throws {DecodeError} if the value or an element is not an object.
 */
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
