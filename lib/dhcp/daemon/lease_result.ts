/** From a lease to what the runtime is told. Pure. @module */

import type { Dns, Result, Route } from "../../cni/result.ts";
import { type DhcpRoute, formatRoute } from "../codec/route_options.ts";
import type { Lease } from "../client/lease.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { LeaseOptions } from "../config/lease_options.ts";

/** What decides which routes of a lease are used, and how. */
export type RoutePolicy = Pick<
  LeaseOptions,
  "priority" | "suppressGateway" | "allowSplitDefault"
>;

/** The part of a lease that concerns the interface. */
export type LeaseValues = Pick<
  Lease,
  "address" | "prefixLength" | "gateway" | "routes" | "dns"
>;

/** `scope link` of rtnetlink(7): the destination is on the link itself. */
const SCOPE_LINK = 253;
/**
 * No network has more addresses than a /4. Shorter prefixes only serve to stand in for the default route without being
 * one, such as 0.0.0.0/1 and 128.0.0.0/1, by which any server of a link can draw off the traffic of a client.
 */
const SHORTEST_PREFIX = 4;

/** The routes of a lease that the policy lets pass, and why the others are left out. */
export function acceptedRoutes(
  { routes }: LeaseValues,
  { suppressGateway, allowSplitDefault }: RoutePolicy,
): {
  readonly routes: readonly DhcpRoute[];
  readonly warnings: readonly string[];
} {
  const isSplit = ({ destination: { prefixLength } }: DhcpRoute): boolean =>
    !allowSplitDefault && prefixLength > 0 && prefixLength < SHORTEST_PREFIX;
  const isSuppressed = ({ destination }: DhcpRoute): boolean =>
    suppressGateway && destination.prefixLength === 0;
  return {
    routes: routes.filter((route) => !isSplit(route) && !isSuppressed(route)),
    warnings: routes.filter(isSplit).map((route) =>
      `route ${
        formatRoute(route)
      } is left out: it captures a large part of IPv4; "allowSplitDefault": true takes it`
    ),
  };
}

/**
 * The result of an ADD.
 *
 * A route on the link itself has no `gw`. Main plugins put the gateway in where `gw` is missing, so none is reported
 * beside such a route; upstream writes `gw` 0.0.0.0 instead, which the kernel takes for none, but which then fails CHECK.
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
