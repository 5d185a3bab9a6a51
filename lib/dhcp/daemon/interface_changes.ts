/** The changes of an interface that a lease with other values requires. Pure. @module */

import type { DhcpRoute } from "../codec/route_options.ts";
import { formatRoute } from "../codec/route_options.ts";
import { sameAddress } from "../../net/ip_address.ts";
import type { InterfaceChange } from "./ports.ts";
import type { LeaseValues } from "./lease_result.ts";
import {
  acceptedRoutes,
  offLinkGateways,
  onLinkRoute,
  type RoutePolicy,
} from "./route_policy.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";

/**
 * Returns the changes from one lease to the next, in order.
 *
 * A changed address is first removed and then added: the kernel removes all addresses of a subnet
 * with the first of them. The routes of the lease are removed with it and added again. What the
 * main plugin and the container added themselves stays.
 *
 * @param before The values on the interface; undefined if there are none.
 */
export function interfaceChanges(
  before: LeaseValues | undefined,
  after: LeaseValues,
  policy: RoutePolicy,
): readonly InterfaceChange[] {
  const wanted = acceptedRoutes(after, policy).routes;
  if (before === undefined) {
    return [addAddress(after), ...toChanges("add-route", wanted, policy)];
  }
  const existing = acceptedRoutes(before, policy).routes;
  if (!isSameSubnet(before, after)) {
    return [
      ...removalOf(before, policy),
      addAddress(after),
      ...toChanges("add-route", wanted, policy),
    ];
  }
  return [
    ...toChanges("remove-route", without(existing, wanted), policy),
    ...toChanges("add-route", without(wanted, existing), policy),
  ];
}

/** Returns the changes that remove a lease from the interface. */
export function removalOf(
  lease: LeaseValues,
  policy: RoutePolicy,
): readonly InterfaceChange[] {
  const { routes } = acceptedRoutes(lease, policy);
  return [
    ...toChanges("remove-route", routes, policy),
    { kind: "remove-address", address: subnetOf(lease) },
  ];
}

/**
 * Returns the changes that let the main plugin install the routes of a lease: an on-link route to
 * each next hop outside the subnet.
 *
 * The result has these routes too. Releases of the main plugins before 1.2 ignore their scope, and
 * then the kernel accepts no next hop through them.
 */
export function gatewayChanges(
  kind: "add-route" | "remove-route",
  lease: LeaseValues,
  policy: RoutePolicy,
): readonly InterfaceChange[] {
  const { routes } = acceptedRoutes(lease, policy);
  const onLink = offLinkGateways(routes, lease).map(onLinkRoute);
  return toChanges(kind, onLink, policy);
}

/** Returns the changes that add the routes of a lease. */
export function routesOf(
  lease: LeaseValues,
  policy: RoutePolicy,
): readonly InterfaceChange[] {
  return toChanges("add-route", acceptedRoutes(lease, policy).routes, policy);
}

function addAddress(lease: LeaseValues): InterfaceChange {
  return { kind: "add-address", address: subnetOf(lease) };
}

function subnetOf({ address, prefixLength }: LeaseValues): Ipv4Cidr {
  return { address, prefixLength };
}

function isSameSubnet(one: LeaseValues, other: LeaseValues): boolean {
  return sameAddress(one.address, other.address) &&
    one.prefixLength === other.prefixLength;
}

function without(
  routes: readonly DhcpRoute[],
  others: readonly DhcpRoute[],
): readonly DhcpRoute[] {
  const texts = new Set(others.map(formatRoute));
  return routes.filter((route) => !texts.has(formatRoute(route)));
}

function toChanges(
  kind: "add-route" | "remove-route",
  routes: readonly DhcpRoute[],
  { priority }: RoutePolicy,
): readonly InterfaceChange[] {
  return routes.map(({ destination, gateway }) => ({
    kind,
    dst: {
      address: { family: 4, value: destination.address.value },
      prefixLength: destination.prefixLength,
    },
    gw: gateway,
    metric: priority,
  }));
}
