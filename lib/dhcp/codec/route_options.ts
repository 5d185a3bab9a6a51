/**
 * Routes in options 121, 33 and 3 of an ACK (RFC 3442, RFC 2132 sections 5.8 and 3.5). Pure.
 *
 * @module
 */

import { type Cidr, formatCidr, networkAddress } from "../../net/cidr.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";
import { OptionCode } from "./option_code.ts";
import type { OptionReader } from "./option_reader.ts";

/** A route for the routing table of the client. */
export interface DhcpRoute {
  /** A network: the host bits are zero. */
  readonly destination: Cidr;
  /** The next hop; undefined if the destination is on the link itself. */
  readonly gateway: Ipv4Address | undefined;
}

const DEFAULT_DESTINATION: Cidr = {
  address: UNSPECIFIED_ADDRESS,
  prefixLength: 0,
};

/**
 * Returns the routes of a lease in the order in which the server sent them.
 *
 * With a Classless Static Route option (121), the client MUST ignore options 3 and 33 (RFC 3442,
 * "DHCP Client Behavior"). Without it, the routes are the Static Routes (33) and then a default
 * route through the first Router (3). A malformed option 121 counts as absent.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { OptionReader } from "./option_reader.ts";
 * import { formatRoute, routesOf } from "./route_options.ts";
 *
 * const router = new Map([[3, Uint8Array.of(192, 0, 2, 1)]]);
 * const classless = new Map([[121, Uint8Array.of(8, 10, 192, 0, 2, 9)]]);
 * const routes = (options: Map<number, Uint8Array>) =>
 *   routesOf(new OptionReader(options)).map(formatRoute);
 *
 * assertEquals(routes(router), ["0.0.0.0/0 via 192.0.2.1"]);
 * assertEquals(routes(new Map([...router, ...classless])), ["10.0.0.0/8 via 192.0.2.9"]);
 * ```
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

/**
 * Returns the first Router that is not 0.0.0.0 (option 3, "listed in order of preference", RFC 2132
 * section 3.5).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { OptionReader } from "./option_reader.ts";
 * import { gatewayOf } from "./route_options.ts";
 *
 * const options = new Map([[3, Uint8Array.of(192, 0, 2, 1, 192, 0, 2, 9)]]);
 * assertEquals(gatewayOf(new OptionReader(options)), { family: 4, value: 0xc0000201n });
 * ```
 */
export function gatewayOf(options: OptionReader): Ipv4Address | undefined {
  return options.read(OptionCode.router, "ips")?.find((router) =>
    !sameAddress(router, UNSPECIFIED_ADDRESS)
  );
}

/**
 * Formats a route for logs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipv4FromBits } from "../../net/ipv4_address.ts";
 * import { formatRoute } from "./route_options.ts";
 *
 * const destination = { address: ipv4FromBits(0x0a000000), prefixLength: 8 };
 * const gateway = ipv4FromBits(0xc0000201);
 * assertEquals(formatRoute({ destination, gateway }), "10.0.0.0/8 via 192.0.2.1");
 * assertEquals(formatRoute({ destination, gateway: undefined }), "10.0.0.0/8 on-link");
 * ```
 */
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

/**
 * Returns the network of class A, B or C (RFC 791 section 3.2); higher classes count as C, as
 * upstream does.
 */
function classfulNetwork(address: Ipv4Address): Cidr {
  const firstOctet = Number(address.value >> 24n);
  if (firstOctet < 128) return { address, prefixLength: 8 };
  return { address, prefixLength: firstOctet < 192 ? 16 : 24 };
}
