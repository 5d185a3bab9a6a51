/** The `routes` of the configuration, which go into the result. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import type { Route } from "../cni/result.ts";
import { unmapCidr } from "../net/cidr.ts";
import { readAddress, readCidr } from "./range.ts";

const INTEGER_KEYS = ["mtu", "advmss", "priority", "table", "scope"] as const;

/**
 * Reads one route. Its values are kept as they are, including host bits, mixed families and
 * negative numbers.
 *
 * @throws {ConfigError} if it is `null`, or one of its addresses or networks is invalid.
 * @throws {DecodeError} if a value has the wrong type.
 */
export function readRoute(value: unknown, path: string): Route {
  if (value === null) throw new ConfigError("a route must not be null", path);
  const json = new JsonObject(value, path);
  const dst = readCidr(json, "dst");
  const gw = readAddress(json, "gw");
  const integers = INTEGER_KEYS.flatMap((key) => {
    const number = json.integer(key);
    return number === undefined ? [] : [[key, number]];
  });
  return {
    ...(dst === undefined ? {} : { dst: unmapCidr(dst) }),
    ...(gw === undefined ? {} : { gw }),
    ...Object.fromEntries(integers),
  };
}
