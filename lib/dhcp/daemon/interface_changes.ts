/** What must be done to an interface when its lease has other values than before. Pure. @module */

import type { DhcpRoute } from "../codec/route_options.ts";
import { formatRoute } from "../codec/route_options.ts";
import { sameAddress } from "../../net/ip_address.ts";
import type { InterfaceChange } from "./ports.ts";
import {
  acceptedRoutes,
  type LeaseValues,
  type RoutePolicy,
} from "./lease_result.ts";
import type { Ipv4Cidr } from "../../net/cidr.ts";

/**
 * The steps from one lease to the next, in order.
 *
 * A changed address is first removed and then added, since the kernel takes addresses of one subnet away with the first
 * of them; all routes go with it and are added again. What main plugin and container added themselves stays.
 *
 * @param before What is on the interface; undefined if nothing of it is.
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
      ...removal(before, policy),
      addAddress(after),
      ...toChanges("add-route", wanted, policy),
    ];
  }
  return [
    ...toChanges("remove-route", without(existing, wanted), policy),
    ...toChanges("add-route", without(wanted, existing), policy),
  ];
}

/** Takes a lease off the interface. */
export function removal(
  lease: LeaseValues,
  policy: RoutePolicy,
): readonly InterfaceChange[] {
  const { routes } = acceptedRoutes(lease, policy);
  return [
    ...toChanges("remove-route", routes, policy),
    { kind: "remove-address", address: subnetOf(lease) },
  ];
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
