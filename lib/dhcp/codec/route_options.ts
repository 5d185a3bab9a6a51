/**
 * Routes in options 121, 33 and 3 of an ACK (RFC 3442, RFC 2132 sections 5.8 and 3.5). Pure.
 *
 * @module
 */

import { formatCidr, type Ipv4Cidr, networkAddress } from "../../net/cidr.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import {
  type Ipv4Address,
  ipv4Bits,
  UNSPECIFIED_ADDRESS,
} from "../../net/ipv4_address.ts";
import { isAddressOfOther } from "../../net/subnet_host.ts";
import { OptionCode } from "./option_code.ts";
import type { OptionReader } from "./option_reader.ts";

/** A route for the routing table of the client. */
export interface DhcpRoute {
  /** A network: the host bits are zero. */
  readonly destination: Ipv4Cidr;
  /** The next hop; undefined if the destination is on the link itself. */
  readonly gateway: Ipv4Address | undefined;
}

const DEFAULT_DESTINATION: Ipv4Cidr = {
  address: UNSPECIFIED_ADDRESS,
  prefixLength: 0,
};

/**
 * Returns the routes of a lease in the order in which the server sent them.
 *
 * With a Classless Static Route option (121), the client MUST ignore options 3 and 33 (RFC 3442,
 * "DHCP Client Behavior"). Without it, the routes are the Static Routes (33) and then a default
 * route through the first Router (3). An option that is malformed or has no usable value counts as
 * absent.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipv4FromBits } from "../../net/ipv4_address.ts";
 * import { OptionReader } from "./option_reader.ts";
 * import { formatRoute, routesOf } from "./route_options.ts";
 *
 * const client = { address: ipv4FromBits(0xc0000232), prefixLength: 24 };
 * const router = new Map([[3, Uint8Array.of(192, 0, 2, 1)]]);
 * const classless = new Map([[121, Uint8Array.of(8, 10, 192, 0, 2, 9)]]);
 * const routes = (options: Map<number, Uint8Array>) =>
 *   routesOf(new OptionReader(options), client).map(formatRoute);
 *
 * assertEquals(routes(router), ["0.0.0.0/0 via 192.0.2.1"]);
 * assertEquals(routes(new Map([...router, ...classless])), ["10.0.0.0/8 via 192.0.2.9"]);
 * ```
 *
 * @param client The leased address and its subnet.
 */
export function routesOf(
  options: OptionReader,
  client: Ipv4Cidr,
): readonly DhcpRoute[] {
  const classless = classlessRoutesOf(options, client);
  if (classless !== undefined) return classless;
  const gateway = gatewayOf(options, client);
  const byDefault = gateway === undefined
    ? []
    : [toRoute(DEFAULT_DESTINATION, gateway)];
  return [...staticRoutesOf(options, client) ?? [], ...byDefault];
}

/**
 * Returns the first Router that another host can be (option 3, "listed in order of preference", RFC
 * 2132 section 3.5).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipv4FromBits } from "../../net/ipv4_address.ts";
 * import { OptionReader } from "./option_reader.ts";
 * import { gatewayOf } from "./route_options.ts";
 *
 * const client = { address: ipv4FromBits(0xc0000232), prefixLength: 24 };
 * const options = new Map([[3, Uint8Array.of(127, 0, 0, 1, 192, 0, 2, 9)]]);
 * assertEquals(gatewayOf(new OptionReader(options), client), ipv4FromBits(0xc0000209));
 * ```
 *
 * @param client The leased address and its subnet.
 */
export function gatewayOf(
  options: OptionReader,
  client: Ipv4Cidr,
): Ipv4Address | undefined {
  for (const router of options.read(OptionCode.router, "ips") ?? []) {
    if (isAddressOfOther(router, client)) return router;
    // Servers without a router send 0.0.0.0.
    if (sameAddress(router, UNSPECIFIED_ADDRESS)) continue;
    options.warn(OptionCode.router, NO_ROUTER, formatIpAddress(router));
  }
  return undefined;
}

/**
 * Returns the usable routes of option 121; undefined if there are none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipv4FromBits } from "../../net/ipv4_address.ts";
 * import { OptionReader } from "./option_reader.ts";
 *
 * const client = { address: ipv4FromBits(0xc0000232), prefixLength: 24 };
 * const options = new Map([[121, Uint8Array.of(8, 10, 192, 0, 2, 9)]]);
 * const routes = classlessRoutesOf(new OptionReader(options), client);
 * assertEquals(routes?.map(formatRoute), ["10.0.0.0/8 via 192.0.2.9"]);
 * ```
 */
export function classlessRoutesOf(
  options: OptionReader,
  client: Ipv4Cidr,
): readonly DhcpRoute[] | undefined {
  const code = OptionCode.classlessStaticRoute;
  const pairs = options.read(code, "classless-routes") ?? [];
  const routes = pairs.map(({ destination, router }) =>
    toRoute(destination, router)
  );
  return usable(routes, { code, options, client });
}

/**
 * Returns the usable routes of option 33; undefined if there are none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipv4FromBits } from "../../net/ipv4_address.ts";
 * import { OptionReader } from "./option_reader.ts";
 *
 * const client = { address: ipv4FromBits(0xc0000232), prefixLength: 24 };
 * const options = new Map([[33, Uint8Array.of(10, 0, 0, 0, 192, 0, 2, 9)]]);
 * const routes = staticRoutesOf(new OptionReader(options), client);
 * assertEquals(routes?.map(formatRoute), ["10.0.0.0/8 via 192.0.2.9"]);
 * ```
 */
export function staticRoutesOf(
  options: OptionReader,
  client: Ipv4Cidr,
): readonly DhcpRoute[] | undefined {
  const code = OptionCode.staticRoute;
  const routes: DhcpRoute[] = [];
  for (const [destination, router] of options.read(code, "ip-pairs") ?? []) {
    // "The default route (0.0.0.0) is an illegal destination" (RFC 2132 section 5.8).
    if (sameAddress(destination, UNSPECIFIED_ADDRESS)) {
      options.warn(code, "the destination 0.0.0.0");
    } else {
      routes.push(toRoute(classfulNetwork(destination), router));
    }
  }
  return usable(routes, { code, options, client });
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

const NO_ROUTER = "no other host can have this address";

function usable(
  routes: readonly DhcpRoute[],
  { code, options, client }: {
    readonly code: number;
    readonly options: OptionReader;
    readonly client: Ipv4Cidr;
  },
): readonly DhcpRoute[] | undefined {
  const kept = routes.filter((route) => {
    const problem = problemOf(route, client);
    if (problem === undefined) return true;
    options.warn(code, problem, formatRoute(route));
    return false;
  });
  return kept.length === 0 ? undefined : kept;
}

function problemOf(
  { destination, gateway }: DhcpRoute,
  client: Ipv4Cidr,
): string | undefined {
  if (gateway !== undefined && !isAddressOfOther(gateway, client)) {
    return "no other host can be the next hop";
  }
  return isDestination(destination, client)
    ? undefined
    : "no host can have an address of the destination";
}

/**
 * Returns whether other hosts can have addresses of the network, unlike those of 0/8, loopback,
 * multicast or reserved ones.
 */
function isDestination(
  { address, prefixLength }: Ipv4Cidr,
  client: Ipv4Cidr,
): boolean {
  if (prefixLength === 32) return isAddressOfOther(address, client);
  const firstOctet = ipv4Bits(address) >>> 24;
  const isWide = prefixLength < 8;
  return firstOctet < 224 && (isWide || firstOctet !== 0 && firstOctet !== 127);
}

function toRoute(destination: Ipv4Cidr, router: Ipv4Address): DhcpRoute {
  const { value } = networkAddress(destination);
  const { prefixLength } = destination;
  return {
    destination: { address: { family: 4, value }, prefixLength },
    gateway: sameAddress(router, UNSPECIFIED_ADDRESS) ? undefined : router,
  };
}

/**
 * Returns the network of class A, B or C (RFC 791 section 3.2); higher classes count as C, as
 * upstream does.
 */
function classfulNetwork(address: Ipv4Address): Ipv4Cidr {
  const firstOctet = Number(address.value >> 24n);
  if (firstOctet < 128) return { address, prefixLength: 8 };
  return { address, prefixLength: firstOctet < 192 ? 16 : 24 };
}
