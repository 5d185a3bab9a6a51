/** Results as they come from other programs, in the form that all versions since 0.3.0 share. Pure. @module */

import { ConfigError } from "../base/errors.ts";
import { JsonObject } from "../base/json_reader.ts";
import { type Cidr, parseCidr } from "../net/cidr.ts";
import { type IpAddress, parseIpAddress } from "../net/ip_address.ts";
import { type Dns, NO_DNS, type Result, type Route } from "./result.ts";

/**
 * Reads a result of CNI 0.3.0 or later.
 *
 * @throws {DecodeError | ConfigError} if it is not one.
 */
export function parseResult(json: JsonObject): Result {
  const ips = json.list("ips", (element, path) => {
    const ip = new JsonObject(element, path);
    const gateway = readAddress(ip, "gateway");
    return {
      address: readCidr(ip, "address"),
      ...(gateway === undefined ? {} : { gateway }),
    };
  });
  const routes = json.list(
    "routes",
    (element, path) => readRoute(new JsonObject(element, path)),
  );
  const dns = json.object("dns");
  return {
    ips: ips ?? [],
    routes: routes ?? [],
    dns: dns === undefined ? NO_DNS : readDns(dns),
  };
}

function readRoute(json: JsonObject): Route {
  const gw = readAddress(json, "gw");
  const priority = json.integer("priority");
  const scope = json.integer("scope");
  return {
    dst: readCidr(json, "dst"),
    ...(gw === undefined ? {} : { gw }),
    ...(priority === undefined ? {} : { priority }),
    ...(scope === undefined ? {} : { scope }),
  };
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

function readCidr(json: JsonObject, key: string): Cidr {
  const text = json.string(key) ?? "";
  const cidr = parseCidr(text);
  if (cidr !== undefined) return cidr;
  throw new ConfigError(`invalid CIDR address: ${text}`, json.at(key));
}

function readAddress(json: JsonObject, key: string): IpAddress | undefined {
  const text = json.string(key) ?? "";
  if (text === "") return undefined;
  const address = parseIpAddress(text);
  if (address !== undefined) return address;
  throw new ConfigError(`invalid IP address: ${text}`, json.at(key));
}
