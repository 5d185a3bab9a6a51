/** Results of other programs, in the form that all versions since 0.3.0 share. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import type { Cidr } from "../net/cidr.ts";
import { readAddress, readCidr, readRoute } from "./address_reader.ts";
import { type Dns, NO_DNS, type Result, type Route } from "./result.ts";

/**
 * Parses a result of CNI 0.3.0 or later.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { JsonObject } from "../base/json_reader.ts";
 * import { formatCidr } from "../net/cidr.ts";
 *
 * const json = new JsonObject({ cniVersion: "1.0.0", ips: [{ address: "192.0.2.7/24" }] }, "");
 * const { ips, routes } = parseResult(json);
 * assertEquals(ips.map(({ address }) => formatCidr(address)), ["192.0.2.7/24"]);
 * assertEquals(routes, []);
 * ```
 *
 * @throws {DecodeError} if a value has the wrong type.
 * @throws {ConfigError} if an address or network is invalid or missing.
 */
export function parseResult(json: JsonObject): Result {
  const ips = json.list("ips", (element, path) => {
    const ip = new JsonObject(element, path);
    const gateway = readAddress(ip, "gateway");
    return {
      address: readRequiredCidr(ip, "address"),
      ...(gateway === undefined ? {} : { gateway }),
    };
  });
  const routes = json.list("routes", (element, path): Route => {
    const route = new JsonObject(element, path);
    return { ...readRoute(route), dst: readRequiredCidr(route, "dst") };
  });
  const dns = json.object("dns");
  return {
    ips: ips ?? [],
    routes: routes ?? [],
    dns: dns === undefined ? NO_DNS : readDns(dns),
  };
}

function readRequiredCidr(json: JsonObject, key: string): Cidr {
  const cidr = readCidr(json, key);
  if (cidr !== undefined) return cidr;
  throw new ConfigError("invalid CIDR address: ", json.at(key));
}

function readDns(json: JsonObject): Dns {
  const strings = (key: string): readonly string[] =>
    json.list(
      key,
      (element, path) =>
        new JsonObject({ element }, path).string("element") ?? "",
    ) ?? [];
  return {
    nameservers: strings("nameservers"),
    domain: json.string("domain") ?? "",
    search: strings("search"),
    options: strings("options"),
  };
}
