/**
 * Values that only the dhcp configuration has: one of several words, a list or a single entry, a
 * list of prefixes. Pure.
 *
 * @module
 */

import { ConfigError } from "../../base/errors.ts";
import { JsonObject, parseList, wrongType } from "../../base/json_reader.ts";
import { type Ipv4Cidr, networkAddress, parseCidr } from "../../net/cidr.ts";

/** Each route of a lease is compared with each prefix. */
const MAX_PREFIXES = 256;

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

/**
 * Reads a list of IPv4 prefixes such as `10.0.0.0/8`. Host bits are cleared.
 *
 * @returns The prefixes, or undefined if `key` is absent.
 * @throws {DecodeError} if the value is not a list of strings.
 * @throws {ConfigError} if an element is not a prefix, or there are more than 256.
 */
export function readPrefixes(
  json: JsonObject,
  key: string,
): readonly Ipv4Cidr[] | undefined {
  const prefixes = json.list(key, (element, path) => {
    if (typeof element !== "string") throw wrongType(element, path, "a string");
    const cidr = parseCidr(element);
    if (cidr?.address.family !== 4) {
      throw new ConfigError(
        `${key} has ${
          JSON.stringify(element)
        }, expected an IPv4 prefix such as "10.0.0.0/8"`,
        path,
      );
    }
    const { value } = networkAddress(cidr);
    const { prefixLength } = cidr;
    return { address: { family: 4, value } as const, prefixLength };
  });
  if (prefixes === undefined || prefixes.length <= MAX_PREFIXES) {
    return prefixes;
  }
  throw new ConfigError(
    `${key} has ${prefixes.length} prefixes, expected at most ${MAX_PREFIXES}`,
    json.at(key),
  );
}
