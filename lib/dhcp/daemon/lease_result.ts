/** The result of an ADD, from a lease. Pure. @module */

import type { Dns, Result, Route } from "../../cni/result.ts";
import { type DhcpRoute, formatRoute } from "../codec/route_options.ts";
import type { Lease } from "../client/lease.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { LeaseOptions } from "../config/lease_options.ts";

/** The options that decide which routes of a lease are used, and how. */
export type RoutePolicy = Pick<
  LeaseOptions,
  "priority" | "suppressGateway" | "allowSplitDefault"
>;

/** The values of a lease that concern the interface. */
export type LeaseValues = Pick<
  Lease,
  "address" | "prefixLength" | "gateway" | "routes" | "dns"
>;

/** `scope link` of rtnetlink(7): the destination is on the link itself. */
const SCOPE_LINK = 253;
/**
 * No network has more addresses than a /4. Shorter prefixes only replace the default route without
 * being one, such as 0.0.0.0/1 and 128.0.0.0/1: any server of a link can capture a client's traffic
 * with them.
 */
const MIN_PREFIX_LENGTH = 4;

/** Returns the routes of a lease that the policy accepts, and why others are dropped. */
export function acceptedRoutes(
  { routes }: LeaseValues,
  { suppressGateway, allowSplitDefault }: RoutePolicy,
): {
  readonly routes: readonly DhcpRoute[];
  readonly warnings: readonly string[];
} {
  const isSplit = ({ destination: { prefixLength } }: DhcpRoute): boolean =>
    !allowSplitDefault && prefixLength > 0 && prefixLength < MIN_PREFIX_LENGTH;
  const isSuppressed = ({ destination }: DhcpRoute): boolean =>
    suppressGateway && destination.prefixLength === 0;
  return {
    routes: routes.filter((route) => !isSplit(route) && !isSuppressed(route)),
    warnings: routes.filter(isSplit).map((route) =>
      `route ${
        formatRoute(route)
      } captures a large part of IPv4; "allowSplitDefault": true accepts it`
    ),
  };
}

/**
 * Returns the result of an ADD.
 *
 * A route on the link itself has no `gw`. Main plugins use the gateway where `gw` is missing, so
 * the result has no gateway then. Upstream writes `gw` 0.0.0.0 instead: the kernel treats it as no
 * gateway, but the main plugin's CHECK fails.
 */
export function leaseResult(lease: LeaseValues, policy: RoutePolicy): Result {
  const { address, prefixLength } = lease;
  const { routes } = acceptedRoutes(lease, policy);
  const hasOnLink = routes.some(({ gateway }) => gateway === undefined);
  const gateway = hasOnLink || policy.suppressGateway
    ? undefined
    : lease.gateway;
  const { priority } = policy;
  const toRoute = ({ destination, gateway: gw }: DhcpRoute): Route => ({
    dst: destination,
    ...(gw === undefined ? { scope: SCOPE_LINK } : { gw }),
    ...(priority === 0 ? {} : { priority }),
  });
  return {
    ips: [{
      address: { address, prefixLength },
      ...(gateway === undefined ? {} : { gateway }),
    }],
    routes: routes.map(toRoute),
    dns: toDns(lease),
  };
}

function toDns({ dns: { nameservers, domain, search } }: LeaseValues): Dns {
  return {
    nameservers: nameservers.map(formatIpAddress),
    domain: domain ?? "",
    search,
    options: [],
  };
}
