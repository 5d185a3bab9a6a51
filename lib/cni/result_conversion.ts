/**
 * The result document in each of the seven versions, byte for byte as upstream prints it: order of
 * keys, omitted empty values, values that older versions do not have. Pure.
 *
 * @module
 */

import { formatCidr } from "../net/cidr.ts";
import { formatIpAddress } from "../net/ip_address.ts";
import { formatDocument } from "./document.ts";
import type { Dns, IpConfig, Result, Route } from "./result.ts";
import type { SpecVersion } from "./spec_version.ts";

type Json = Readonly<Record<string, unknown>>;

/** Returns `value` under `key`, or nothing if it counts as empty. */
function unlessEmpty(key: string, value: unknown): Json {
  const empty = value === undefined || value === "" || value === 0 ||
    (Array.isArray(value) && value.length === 0);
  return empty ? {} : { [key]: value };
}

function whenGiven(key: string, value: number | undefined): Json {
  return value === undefined ? {} : { [key]: value };
}

function formatDns({ nameservers, domain, search, options }: Dns): Json {
  return {
    ...unlessEmpty("nameservers", nameservers),
    ...unlessEmpty("domain", domain),
    ...unlessEmpty("search", search),
    ...unlessEmpty("options", options),
  };
}

function formatGateway({ gateway }: IpConfig): Json {
  return unlessEmpty("gateway", gateway && formatIpAddress(gateway));
}

/**
 * Formats a route's destination; if it is missing, as Go, upstream's language, prints "no value".
 */
function formatDestination({ dst }: Route): string {
  return dst === undefined ? "<nil>" : formatCidr(dst);
}

function formatNextHop({ gw }: Route): Json {
  return unlessEmpty("gw", gw && formatIpAddress(gw));
}

function formatRoute(route: Route): Json {
  return {
    dst: formatDestination(route),
    ...formatNextHop(route),
    ...unlessEmpty("mtu", route.mtu),
    ...unlessEmpty("advmss", route.advmss),
    ...unlessEmpty("priority", route.priority),
    ...whenGiven("table", route.table),
    ...whenGiven("scope", route.scope),
  };
}

/** Sorts the keys at every depth: upstream converts its 1.x results to a map, which sorts them. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(keys.map(([key, item]) => [key, sortKeys(item)]));
}

/**
 * Before 0.3.0: one address per family, with the routes of that family. Other keys of routes are
 * omitted.
 */
function toVersion02(result: Result, cniVersion: SpecVersion): Json {
  const ofFamily = (family: 4 | 6): Json => {
    const first = result.ips.find(({ address }) =>
      address.address.family === family
    );
    if (first === undefined) return {};
    const routes = result.routes
      // Upstream treats a route without a destination as IPv6.
      .filter(({ dst }) => (dst?.address.family ?? 6) === family)
      .map((route) => ({
        dst: formatDestination(route),
        ...formatNextHop(route),
      }));
    return {
      [`ip${family}`]: {
        ip: formatCidr(first.address),
        ...formatGateway(first),
        ...unlessEmpty("routes", routes),
      },
    };
  };
  return {
    cniVersion,
    ...ofFamily(4),
    ...ofFamily(6),
    dns: formatDns(result.dns),
  };
}

function toVersion04(result: Result, cniVersion: SpecVersion): Json {
  const ips = result.ips.map((ip) => ({
    version: String(ip.address.address.family),
    address: formatCidr(ip.address),
    ...formatGateway(ip),
  }));
  return {
    cniVersion,
    ...unlessEmpty("ips", ips),
    ...unlessEmpty("routes", result.routes.map(formatRoute)),
    dns: formatDns(result.dns),
  };
}

function toVersion1(result: Result, cniVersion: SpecVersion): Json {
  const ips = result.ips.map((ip) => ({
    address: formatCidr(ip.address),
    ...formatGateway(ip),
  }));
  const dns = formatDns(result.dns);
  return {
    cniVersion,
    ...(Object.keys(dns).length === 0 ? {} : { dns: sortKeys(dns) }),
    ...unlessEmpty("ips", ips),
    ...unlessEmpty(
      "routes",
      result.routes.map((route) => sortKeys(formatRoute(route))),
    ),
  };
}

const CONVERSIONS: Readonly<
  Record<SpecVersion, (result: Result, cniVersion: SpecVersion) => Json>
> = {
  "0.1.0": toVersion02,
  "0.2.0": toVersion02,
  "0.3.0": toVersion04,
  "0.3.1": toVersion04,
  "0.4.0": toVersion04,
  "1.0.0": toVersion1,
  "1.1.0": toVersion1,
};

/**
 * Formats the result document for stdout.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NO_DNS } from "./result.ts";
 *
 * const result = { ips: [], routes: [], dns: NO_DNS };
 * assertEquals(JSON.parse(formatResult(result, "1.0.0")), { cniVersion: "1.0.0" });
 * ```
 */
export function formatResult(result: Result, cniVersion: SpecVersion): string {
  return formatDocument(CONVERSIONS[cniVersion](result, cniVersion));
}
