/** The routes that the options of an ACK ask for (RFC 3442, RFC 2132 sections 3.5 and 5.8). Pure. @module */

import { type Cidr, formatCidr, networkAddress } from "../../net/cidr.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";
import { OptionCode } from "./option_code.ts";
import type { OptionReader } from "./option_reader.ts";

/** A route for the client's routing table. */
export interface DhcpRoute {
  /** Host bits are zero. */
  readonly destination: Cidr;
  /** Next hop; undefined if the destination is on the link itself. */
  readonly gateway: Ipv4Address | undefined;
}

const DEFAULT_DESTINATION: Cidr = {
  address: UNSPECIFIED_ADDRESS,
  prefixLength: 0,
};

/**
 * The routes of a lease, in the order sent.
 *
 * A Classless Static Route option (121) stands alone: the client then MUST ignore 3 and 33 (RFC 3442, "DHCP Client
 * Behavior"). Without it come the Static Routes (33), then a default route through the first Router (3). A malformed
 * 121 counts as absent.
 */
export function routesOf(options: OptionReader): readonly DhcpRoute[] {
  const classless = options.read(
    OptionCode.classlessStaticRoute,
    "classless-routes",
  );
  if (classless !== undefined) {
    return classless.map(({ destination, router }) =>
      toRoute(destination, router)
    );
  }
  const gateway = gatewayOf(options);
  const byDefault = gateway === undefined
    ? []
    : [toRoute(DEFAULT_DESTINATION, gateway)];
  return [...staticRoutes(options), ...byDefault];
}

/** The first usable Router (option 3; "listed in order of preference", RFC 2132 section 3.5). */
export function gatewayOf(options: OptionReader): Ipv4Address | undefined {
  return options.read(OptionCode.router, "ips")?.find((router) =>
    !sameAddress(router, UNSPECIFIED_ADDRESS)
  );
}

/** `destination via gateway`, or `destination on-link`. */
export function formatRoute({ destination, gateway }: DhcpRoute): string {
  const to = formatCidr(destination);
  return gateway === undefined
    ? `${to} on-link`
    : `${to} via ${formatIpAddress(gateway)}`;
}

function staticRoutes(options: OptionReader): readonly DhcpRoute[] {
  const routes: DhcpRoute[] = [];
  const pairs = options.read(OptionCode.staticRoute, "ip-pairs") ?? [];
  for (const [destination, router] of pairs) {
    // "The default route (0.0.0.0) is an illegal destination" (RFC 2132 section 5.8).
    if (sameAddress(destination, UNSPECIFIED_ADDRESS)) {
      options.warn(OptionCode.staticRoute, "the destination 0.0.0.0");
    } else {
      routes.push(toRoute(classfulNetwork(destination), router));
    }
  }
  return routes;
}

function toRoute(destination: Cidr, router: Ipv4Address): DhcpRoute {
  const address = networkAddress(destination);
  return {
    destination: { address, prefixLength: destination.prefixLength },
    gateway: sameAddress(router, UNSPECIFIED_ADDRESS) ? undefined : router,
  };
}

/** Class A, B, or C and above, as upstream counts (RFC 791 section 3.2). */
function classfulNetwork(address: Ipv4Address): Cidr {
  const firstOctet = Number(address.value >> 24n);
  if (firstOctet < 128) return { address, prefixLength: 8 };
  return { address, prefixLength: firstOctet < 192 ? 16 : 24 };
}
