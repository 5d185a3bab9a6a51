/**
 * Which routes of a lease are used. The result of an ADD and the changes of an interface both ask
 * here. Pure.
 *
 * @module
 */

import { type DhcpRoute, formatRoute } from "../codec/route_options.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import type { Lease } from "../client/lease.ts";
import {
  cidrContains,
  formatCidr,
  type Ipv4Cidr,
  lastAddress,
} from "../../net/cidr.ts";
import { type Ipv4Address, ipv4FromBits } from "../../net/ipv4_address.ts";

/** The options that decide which routes of a lease are used, and how. */
export type RoutePolicy = Pick<
  LeaseOptions,
  | "priority"
  | "suppressGateway"
  | "suppressRoutes"
  | "allowedRoutes"
  | "deniedRoutes"
  | "allowSplitDefault"
>;

/** The values of a lease from which its routes follow. */
export type RoutedLease = Pick<Lease, "address" | "prefixLength" | "routes">;

/** The routes that a policy accepts, and why it drops others. */
export interface AcceptedRoutes {
  /**
   * On-link routes first: the kernel accepts a next hop only once it can be reached. They include
   * one to each next hop outside the subnet of the lease.
   */
  readonly routes: readonly DhcpRoute[];
  /** One text for each reason. What the configuration suppresses has none. */
  readonly warnings: readonly string[];
}

/**
 * No network has more addresses than a /4, whether in one route or in many. Routes to more only
 * replace the default route without being one, such as 0.0.0.0/1 and 128.0.0.0/1: any server of a
 * link can capture a client's traffic with them.
 */
const MAX_COVERED = 2 ** 28;

/** The services that clouds offer to their machines have addresses here (RFC 3927). */
const LINK_LOCAL: Ipv4Cidr = {
  address: ipv4FromBits(0xa9fe0000),
  prefixLength: 16,
};

/** How many routes a warning names; a lease can have hundreds. */
const MAX_NAMED = 3;

const REASONS = {
  denied: '"routes" denies the destination',
  notAllowed: '"routes" does not allow the destination',
  linkLocal:
    'the destination includes link-local addresses; "routes" must allow it explicitly',
  covering:
    'together the routes capture a large part of IPv4; "allowSplitDefault": true accepts them',
  coveringSuppressed:
    'together the routes capture a large part of IPv4, and "suppress" has "gateway"',
} as const;

type Reason = keyof typeof REASONS;

/** Returns the routes of a lease that the policy accepts, in the order in which to install them. */
export function acceptedRoutes(
  lease: RoutedLease,
  policy: RoutePolicy,
): AcceptedRoutes {
  const dropped = new Map<Reason, DhcpRoute[]>();
  const isAccepted = (route: DhcpRoute): boolean => {
    const reason = problemOf(route, policy);
    if (reason !== undefined) add(dropped, reason, route);
    return reason === undefined;
  };
  const acceptable = lease.routes
    .filter((route) => !isSuppressed(route, policy))
    .filter(isAccepted);
  const { kept, covering } = splitCovering(acceptable, policy);
  for (const route of covering) {
    const { suppressGateway } = policy;
    add(dropped, suppressGateway ? "coveringSuppressed" : "covering", route);
  }
  return {
    routes: inOrder(kept, lease),
    warnings: [...dropped].map(([reason, routes]) =>
      `${describe(routes)}: ${REASONS[reason]}`
    ),
  };
}

/**
 * Returns the next hops that no subnet of the interface contains.
 *
 * Each needs an on-link route. {@link acceptedRoutes} has it, but releases of the main plugins
 * before 1.2 install it with a scope in which the kernel accepts no next hop.
 */
export function offLinkGateways(
  routes: readonly DhcpRoute[],
  lease: Ipv4Cidr,
): readonly Ipv4Address[] {
  const byValue = new Map<bigint, Ipv4Address>();
  for (const { gateway } of routes) {
    if (gateway !== undefined && !cidrContains(lease, gateway)) {
      byValue.set(gateway.value, gateway);
    }
  }
  return [...byValue.values()];
}

/** Returns an on-link route to a single address. */
export function onLinkRoute(address: Ipv4Address): DhcpRoute {
  return { destination: { address, prefixLength: 32 }, gateway: undefined };
}

function isDefault({ destination }: DhcpRoute): boolean {
  return destination.prefixLength === 0;
}

function isSuppressed(
  route: DhcpRoute,
  { suppressGateway, suppressRoutes }: RoutePolicy,
): boolean {
  return isDefault(route) ? suppressGateway : suppressRoutes;
}

/**
 * Returns why a single route is not used. The lists of the configuration do not apply to a default
 * route.
 */
function problemOf(
  route: DhcpRoute,
  policy: RoutePolicy,
): Reason | undefined {
  if (isDefault(route)) return undefined;
  const { destination } = route;
  const { allowedRoutes, deniedRoutes } = policy;
  if (deniedRoutes.some((denied) => overlaps(denied, destination))) {
    return "denied";
  }
  const allowing = allowedRoutes?.filter((allowed) =>
    includes(allowed, destination)
  );
  if (allowing?.length === 0) return "notAllowed";
  if (!overlaps(LINK_LOCAL, destination)) return undefined;
  const isExplicit = allowing?.some(({ prefixLength }) => prefixLength > 0) ??
    false;
  // Part of a split default route.
  const isSplit = mayCover(policy) &&
    destination.prefixLength < LINK_LOCAL.prefixLength;
  return isExplicit || isSplit ? undefined : "linkLocal";
}

function mayCover(
  { allowSplitDefault, suppressGateway }: RoutePolicy,
): boolean {
  return allowSplitDefault && !suppressGateway;
}

/**
 * Separates the routes that together cover too much: those with the shortest prefixes, until the
 * union of the others is small enough. A default route does not count: it says what it is.
 */
function splitCovering(
  routes: readonly DhcpRoute[],
  policy: RoutePolicy,
): {
  readonly kept: readonly DhcpRoute[];
  readonly covering: readonly DhcpRoute[];
} {
  if (mayCover(policy)) return { kept: routes, covering: [] };
  const sorted = routes.filter((route) => !isDefault(route))
    .map(({ destination }) => destination)
    .sort((one, other) => Number(one.address.value - other.address.value));
  // The shortest prefix that may stay. Each turn is linear, and there are at most 32.
  let shortest = 1;
  const long = (): readonly Ipv4Cidr[] =>
    sorted.filter(({ prefixLength }) => prefixLength >= shortest);
  while (shortest < 32 && unionSize(long()) > MAX_COVERED) shortest += 1;
  const isKept = (route: DhcpRoute): boolean =>
    isDefault(route) || route.destination.prefixLength >= shortest;
  return {
    kept: routes.filter(isKept),
    covering: routes.filter((route) => !isKept(route)),
  };
}

/** Returns the number of addresses in at least one of the networks. @param sorted By address. */
function unionSize(sorted: readonly Ipv4Cidr[]): number {
  let size = 0;
  let end = 0;
  for (const network of sorted) {
    const first = Number(network.address.value);
    const next = Number(lastAddress(network).value) + 1;
    size += Math.max(0, next - Math.max(first, end));
    end = Math.max(end, next);
  }
  return size;
}

function includes(outer: Ipv4Cidr, inner: Ipv4Cidr): boolean {
  return outer.prefixLength <= inner.prefixLength &&
    cidrContains(outer, inner.address);
}

function overlaps(one: Ipv4Cidr, other: Ipv4Cidr): boolean {
  return includes(one, other) || includes(other, one);
}

function inOrder(
  routes: readonly DhcpRoute[],
  lease: Ipv4Cidr,
): readonly DhcpRoute[] {
  const onLink = routes.filter(({ gateway }) => gateway === undefined);
  const known = new Set(
    onLink.map(({ destination }) => formatCidr(destination)),
  );
  const added = offLinkGateways(routes, lease).map(onLinkRoute)
    .filter(({ destination }) => !known.has(formatCidr(destination)));
  const routed = routes.filter(({ gateway }) => gateway !== undefined);
  return [...added, ...onLink, ...routed];
}

function add(
  dropped: Map<Reason, DhcpRoute[]>,
  reason: Reason,
  route: DhcpRoute,
): void {
  const routes = dropped.get(reason);
  if (routes === undefined) dropped.set(reason, [route]);
  else routes.push(route);
}

function describe(routes: readonly DhcpRoute[]): string {
  const named = routes.slice(0, MAX_NAMED).map(formatRoute).join(", ");
  const more = routes.length - MAX_NAMED;
  return `${routes.length === 1 ? "route" : "routes"} ${named}${
    more > 0 ? ` and ${more} more` : ""
  }`;
}
