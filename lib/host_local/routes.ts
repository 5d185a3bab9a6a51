/** The `routes` of the configuration, which the result passes on. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import type { Route } from "../cni/result.ts";
import { unmapCidr } from "../net/cidr.ts";
import { readAddress, readCidr } from "./range.ts";

const INTEGER_KEYS = ["mtu", "advmss", "priority", "table", "scope"] as const;

/**
 * Reads one route object. Its values are passed on as they are: host bits, families and negative numbers included.
 *
 * @throws {ConfigError} If it is `null`, or an address or network in it is none.
 * @throws {DecodeError} If a value has the wrong type.
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
