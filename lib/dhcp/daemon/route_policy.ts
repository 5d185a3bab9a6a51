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
import type { Ipv4Address } from "../../net/ipv4_address.ts";

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

/**
 * 169.254.0.0/16 (RFC 3927): the services that clouds offer to their machines have addresses here.
 */
const LINK_LOCAL: AddressRange = { first: 0xa9fe0000, last: 0xa9feffff };

/** How many routes a warning names; a lease can have hundreds. */
const MAX_NAMED = 3;

const REASONS = {
  denied: '"routes" denies the destination',
  notAllowed: '"routes" does not allow the destination',
  linkLocal:
    'the destination includes link-local addresses; "routes" must allow it explicitly',
  nextHop:
    'the next hop is outside the subnet, and "routes" does not accept a route to it',
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
  const lists: RouteLists = {
    allowed: policy.allowedRoutes?.map(rangeOf),
    denied: policy.deniedRoutes.map(rangeOf),
    mayCover: policy.allowSplitDefault && !policy.suppressGateway,
  };
  const isAccepted = (route: DhcpRoute): boolean => {
    const reason = problemOf(route, lists, lease);
    if (reason !== undefined) add(dropped, reason, route);
    return reason === undefined;
  };
  const acceptable = lease.routes
    .filter((route) => !isSuppressed(route, policy))
    .filter(isAccepted);
  const { kept, covering } = lists.mayCover
    ? { kept: acceptable, covering: [] }
    : splitCovering(acceptable);
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

/** The addresses of a network, as numbers: a lease can have many routes. */
interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** The part of a policy that applies to each route except a default route. */
interface RouteLists {
  /** Undefined: any. */
  readonly allowed: readonly AddressRange[] | undefined;
  readonly denied: readonly AddressRange[];
  /** Whether the routes may cover a large part of IPv4. */
  readonly mayCover: boolean;
}

/**
 * Returns why a single route is not used. A next hop outside the subnet counts as a destination: it
 * gets an on-link route.
 */
function problemOf(
  route: DhcpRoute,
  lists: RouteLists,
  subnet: Ipv4Cidr,
): Reason | undefined {
  const { destination, gateway } = route;
  const refusal = isDefault(route)
    ? undefined
    : refusalOf(rangeOf(destination), lists);
  if (refusal !== undefined) return refusal;
  if (gateway === undefined || cidrContains(subnet, gateway)) return undefined;
  const hop = refusalOf(rangeOf(onLinkRoute(gateway).destination), lists);
  const isAccepted = hop === undefined ||
    isDefault(route) && hop === "notAllowed";
  return isAccepted ? undefined : "nextHop";
}

/** Returns why a destination, apart from that of a default route, is not accepted. */
function refusalOf(
  destination: AddressRange,
  { allowed, denied, mayCover }: RouteLists,
): Reason | undefined {
  if (denied.some((range) => overlaps(range, destination))) return "denied";
  const allowing = allowed?.filter((range) => includes(range, destination));
  const isExplicit = allowing?.some((range) => !isEverything(range)) ?? false;
  // Part of a split default route.
  const isSplit = mayCover && !includes(LINK_LOCAL, destination);
  if (overlaps(LINK_LOCAL, destination) && !isExplicit && !isSplit) {
    return "linkLocal";
  }
  return allowing?.length === 0 ? "notAllowed" : undefined;
}

/**
 * Separates the routes that together cover too much: those with the shortest prefixes, until the
 * union of the others is small enough. A default route does not count: it says what it is.
 */
function splitCovering(
  routes: readonly DhcpRoute[],
): {
  readonly kept: readonly DhcpRoute[];
  readonly covering: readonly DhcpRoute[];
} {
  const sorted = routes.filter((route) => !isDefault(route))
    .map(({ destination }) => ({
      ...rangeOf(destination),
      prefixLength: destination.prefixLength,
    }))
    .sort((one, other) => one.first - other.first);
  // The shortest prefix that may stay. Each turn is linear, and there are at most 32.
  let shortest = 1;
  const unionOfLong = (): number =>
    unionSize(sorted.filter(({ prefixLength }) => prefixLength >= shortest));
  while (unionOfLong() > MAX_COVERED) shortest += 1;
  const isKept = (route: DhcpRoute): boolean =>
    isDefault(route) || route.destination.prefixLength >= shortest;
  return {
    kept: routes.filter(isKept),
    covering: routes.filter((route) => !isKept(route)),
  };
}

/** Returns the number of addresses in at least one of the ranges. @param sorted By `first`. */
function unionSize(sorted: readonly AddressRange[]): number {
  let size = 0;
  let next = 0;
  for (const { first, last } of sorted) {
    size += Math.max(0, last + 1 - Math.max(first, next));
    next = Math.max(next, last + 1);
  }
  return size;
}

function rangeOf(network: Ipv4Cidr): AddressRange {
  return {
    first: Number(network.address.value),
    last: Number(lastAddress(network).value),
  };
}

function includes(outer: AddressRange, inner: AddressRange): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

function overlaps(one: AddressRange, other: AddressRange): boolean {
  return one.first <= other.last && other.first <= one.last;
}

function isEverything({ first, last }: AddressRange): boolean {
  return first === 0 && last === 0xffffffff;
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
