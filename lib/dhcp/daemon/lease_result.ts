/** The result of an ADD, from a lease. Pure. @module */

import type { Dns, Result, Route } from "../../cni/result.ts";
import type { DhcpRoute } from "../codec/route_options.ts";
import type { Lease } from "../client/lease.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import { acceptedRoutes, type RoutePolicy } from "./route_policy.ts";

/** The options that decide which values of a lease are reported. */
export type ResultPolicy = RoutePolicy & Pick<LeaseOptions, "suppressDns">;

/** The values of a lease that concern the interface. */
export type LeaseValues = Pick<
  Lease,
  "address" | "prefixLength" | "gateway" | "routes" | "dns"
>;

/** `scope link` of rtnetlink(7): the destination is on the link itself. */
const SCOPE_LINK = 253;

const NO_DNS: Dns = { nameservers: [], domain: "", search: [], options: [] };

/**
 * Returns the result of an ADD.
 *
 * A route on the link itself has no `gw`. Main plugins use the gateway where `gw` is missing, so
 * the result has no gateway then. Upstream writes `gw` 0.0.0.0 instead: the kernel treats it as no
 * gateway, but the main plugin's CHECK fails.
 */
export function leaseResult(lease: LeaseValues, policy: ResultPolicy): Result {
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
    dns: policy.suppressDns ? NO_DNS : toDns(lease),
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
