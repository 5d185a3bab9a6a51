/** The `routes` of the configuration, which go into the result. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import { readRoute } from "../cni/address_reader.ts";
import type { Route } from "../cni/result.ts";
import { unmapCidr } from "../net/cidr.ts";

/**
 * Reads one route. Its values are kept as they are, including host bits, mixed families and
 * negative numbers, but an IPv4-mapped destination becomes IPv4, as upstream prints it.
 *
 * @throws {ConfigError} if it is `null`, or one of its addresses or networks is invalid.
 * @throws {DecodeError} if a value has the wrong type.
 */
export function readConfiguredRoute(value: unknown, path: string): Route {
  if (value === null) {
    throw new ConfigError("a route must not be null", path, {
      advice: "write a route, or remove the element",
    });
  }
  const route = readRoute(new JsonObject(value, path));
  const { dst } = route;
  return dst === undefined ? route : { ...route, dst: unmapCidr(dst) };
}
