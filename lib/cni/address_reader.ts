/** Addresses, networks and routes as JSON values. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import type { JsonObject } from "../base/json_reader.ts";
import { type Cidr, parseCidr } from "../net/cidr.ts";
import { type IpAddress, parseIpAddress } from "../net/ip_address.ts";
import type { Route } from "./result.ts";

const INTEGER_KEYS = ["mtu", "advmss", "priority", "table", "scope"] as const;

/**
 * Reads the address under `key`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { JsonObject } from "../base/json_reader.ts";
 *
 * const json = new JsonObject({ gateway: "192.0.2.1", rangeStart: "" }, "ipam");
 * assertEquals(readAddress(json, "gateway"), { family: 4, value: 0xc0000201n });
 * assertEquals(readAddress(json, "rangeStart"), undefined);
 * ```
 *
 * @returns Undefined if it is absent, `null` or empty.
 * @throws {DecodeError} if it is not a string.
 * @throws {ConfigError} if it is not an address.
 */
export function readAddress(
  json: JsonObject,
  key: string,
): IpAddress | undefined {
  const text = json.string(key) ?? "";
  if (text === "") return undefined;
  const address = parseIpAddress(text);
  if (address !== undefined) return address;
  throw new ConfigError(`invalid IP address: ${text}`, json.at(key), {
    advice: 'write an address such as "192.0.2.1" or "2001:db8::1"',
  });
}

/**
 * Reads the network under `key`, with its host bits. Unlike an address it must not be `null` or
 * empty.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { JsonObject } from "../base/json_reader.ts";
 *
 * const json = new JsonObject({ subnet: "192.0.2.0/24" }, "ipam");
 * const address = { family: 4, value: 0xc0000200n } as const;
 * assertEquals(readCidr(json, "subnet"), { address, prefixLength: 24 });
 * assertEquals(readCidr(json, "dst"), undefined);
 * ```
 *
 * @returns Undefined if it is absent.
 * @throws {DecodeError} if it is not a string.
 * @throws {ConfigError} if it is not CIDR notation.
 */
export function readCidr(json: JsonObject, key: string): Cidr | undefined {
  if (!json.has(key)) return undefined;
  const text = json.string(key) ?? "";
  const cidr = parseCidr(text);
  if (cidr !== undefined) return cidr;
  throw new ConfigError(`invalid CIDR address: ${text}`, json.at(key), {
    advice: 'write a network such as "192.0.2.0/24" or "2001:db8::/64"',
  });
}

/**
 * Reads a route. Its values are not checked further: host bits, different families and negative
 * numbers are kept.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { JsonObject } from "../base/json_reader.ts";
 * import { formatCidr } from "../net/cidr.ts";
 *
 * const { dst, mtu } = readRoute(new JsonObject({ dst: "0.0.0.0/0", mtu: 1400 }, "routes[0]"));
 * assertEquals([dst && formatCidr(dst), mtu], ["0.0.0.0/0", 1400]);
 * ```
 *
 * @throws {DecodeError} if a value has the wrong type.
 * @throws {ConfigError} if an address or network is invalid.
 */
export function readRoute(json: JsonObject): Route {
  const dst = readCidr(json, "dst");
  const gw = readAddress(json, "gw");
  const integers = INTEGER_KEYS.flatMap((key) => {
    const number = json.integer(key);
    return number === undefined ? [] : [[key, number]];
  });
  return {
    ...(dst === undefined ? {} : { dst }),
    ...(gw === undefined ? {} : { gw }),
    ...Object.fromEntries(integers),
  };
}
