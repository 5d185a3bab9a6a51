import { assertEquals } from "@std/assert";
import {
  type DhcpRoute,
  formatRoute,
} from "../../../../lib/dhcp/codec/route_options.ts";
import {
  acceptedRoutes,
  type RoutePolicy,
} from "../../../../lib/dhcp/daemon/route_policy.ts";
import { type Ipv4Cidr, parseCidr } from "../../../../lib/net/cidr.ts";
import { ipv4FromBits } from "../../../../lib/net/ipv4_address.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";

const USUAL: RoutePolicy = {
  priority: 0,
  suppressGateway: false,
  suppressRoutes: false,
  allowedRoutes: undefined,
  deniedRoutes: [],
  allowSplitDefault: false,
};

interface Row {
  readonly name: string;
  /** The address of the lease; 192.0.2.50/24 by default. */
  readonly lease?: string;
  /** Destinations, through 192.0.2.1 unless a next hop or "on-link" follows. */
  readonly routes: readonly string[];
  readonly policy?:
    & Omit<Partial<RoutePolicy>, "allowedRoutes" | "deniedRoutes">
    & { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  /** In the form of `routes`; by default those of `routes`. */
  readonly want?: readonly string[];
  readonly warnings?: readonly string[];
}

const LINK_LOCAL =
  'the destination includes link-local addresses; "routes" must allow it explicitly';
const COVERING =
  'together the routes capture a large part of IPv4; "allowSplitDefault": true accepts them';
const COVERING_SUPPRESSED =
  'together the routes capture a large part of IPv4, and "suppress" has "gateway"';
const NEXT_HOP =
  'the next hop is outside the subnet, and "routes" does not accept a route to it';
const DENIED = '"routes" denies the destination';
const NOT_ALLOWED = '"routes" does not allow the destination';
const HALVES = ["0.0.0.0/1", "128.0.0.0/1"];
const SIXTEENTHS = octets(0, 255, 16).map((octet) => `${octet}.0.0.0/4`);

testRows<Row>("acceptedRoutes()", [
  { name: "accepts no routes", routes: [] },
  {
    name: "accepts networks, hosts and a default route",
    routes: ["10.0.0.0/8", "203.0.113.7/32", "0.0.0.0/0"],
  },
  { name: "accepts a /4", routes: ["64.0.0.0/4"] },
  {
    name: "drops the halves of IPv4",
    routes: [...HALVES, "10.0.0.0/8"],
    want: ["10.0.0.0/8"],
    warnings: [
      `route 128.0.0.0/1 via 192.0.2.1: ${LINK_LOCAL}`,
      `route 0.0.0.0/1 via 192.0.2.1: ${COVERING}`,
    ],
  },
  {
    name: "drops sixteen /4 networks",
    routes: [...SIXTEENTHS, "10.1.0.0/16", "0.0.0.0/0"],
    want: ["10.1.0.0/16", "0.0.0.0/0"],
    warnings: [
      `route 160.0.0.0/4 via 192.0.2.1: ${LINK_LOCAL}`,
      `routes 0.0.0.0/4 via 192.0.2.1, 16.0.0.0/4 via 192.0.2.1, 32.0.0.0/4 via 192.0.2.1 and 12 more: ${COVERING}`,
    ],
  },
  {
    name: "drops two hundred /8 networks",
    routes: octets(1, 126).concat(octets(128, 200))
      .filter((octet) => octet !== 169).map((octet) => `${octet}.0.0.0/8`),
    want: [],
    warnings: [
      `routes 1.0.0.0/8 via 192.0.2.1, 2.0.0.0/8 via 192.0.2.1, 3.0.0.0/8 via 192.0.2.1 and 195 more: ${COVERING}`,
    ],
  },
  {
    name: "accepts sixteen /8 networks, which have the size of a /4",
    routes: octets(11, 26).map((octet) => `${octet}.0.0.0/8`),
  },
  {
    name: "drops seventeen /8 networks",
    routes: octets(11, 27).map((octet) => `${octet}.0.0.0/8`),
    want: [],
    warnings: [
      `routes 11.0.0.0/8 via 192.0.2.1, 12.0.0.0/8 via 192.0.2.1, 13.0.0.0/8 via 192.0.2.1 and 14 more: ${COVERING}`,
    ],
  },
  {
    name: "counts networks in one another once",
    routes: [
      "64.0.0.0/4",
      ...octets(64, 79).map((octet) => `${octet}.0.0.0/8`),
    ],
  },
  {
    name: "drops networks of different lengths that cover IPv4 together",
    routes: ["64.0.0.0/2", "32.0.0.0/3", "16.0.0.0/4", "8.0.0.0/5"],
    want: ["8.0.0.0/5"],
    warnings: [
      `routes 64.0.0.0/2 via 192.0.2.1, 32.0.0.0/3 via 192.0.2.1, 16.0.0.0/4 via 192.0.2.1: ${COVERING}`,
    ],
  },
  {
    name: "drops covering on-link routes as well",
    routes: ["0.0.0.0/1 on-link"],
    want: [],
    warnings: [`route 0.0.0.0/1 on-link: ${COVERING}`],
  },
  {
    name: "accepts the halves of IPv4 with allowSplitDefault",
    routes: HALVES,
    policy: { allowSplitDefault: true },
  },
  {
    name: "accepts sixteen /4 networks with allowSplitDefault",
    routes: SIXTEENTHS,
    policy: { allowSplitDefault: true },
  },
  {
    name: "drops covering routes with suppressGateway, and the default route",
    routes: ["0.0.0.0/1", "0.0.0.0/0", "10.0.0.0/8"],
    policy: { suppressGateway: true, allowSplitDefault: true },
    want: ["10.0.0.0/8"],
    warnings: [`route 0.0.0.0/1 via 192.0.2.1: ${COVERING_SUPPRESSED}`],
  },
  {
    name: "drops all but the default route with suppressRoutes",
    routes: ["10.0.0.0/8", "203.0.113.0/24 on-link", "0.0.0.0/0"],
    policy: { suppressRoutes: true },
    want: ["0.0.0.0/0"],
  },
  {
    name: "drops all with suppressGateway and suppressRoutes",
    routes: ["10.0.0.0/8", "0.0.0.0/0"],
    policy: { suppressGateway: true, suppressRoutes: true },
    want: [],
  },
  {
    name: "drops routes to link-local addresses, such as a metadata service",
    routes: [
      "169.254.169.254/32",
      "169.254.0.0/16 on-link",
      "169.254.0.0/15",
      "169.0.0.0/8",
      "169.253.0.0/16",
    ],
    want: ["169.253.0.0/16"],
    warnings: [
      `routes 169.254.169.254/32 via 192.0.2.1, 169.254.0.0/16 on-link, 169.254.0.0/15 via 192.0.2.1 and 1 more: ${LINK_LOCAL}`,
    ],
  },
  {
    name: "accepts a route to link-local addresses that is allowed",
    routes: ["169.254.169.254/32", "10.0.0.0/8"],
    policy: { allow: ["169.254.169.254/32", "0.0.0.0/0"] },
  },
  {
    name: "does not take 0.0.0.0/0 for an explicit permission",
    routes: ["169.254.169.254/32"],
    policy: { allow: ["0.0.0.0/0"] },
    want: [],
    warnings: [`route 169.254.169.254/32 via 192.0.2.1: ${LINK_LOCAL}`],
  },
  {
    name: "drops a route to link-local addresses with allowSplitDefault",
    routes: ["169.254.169.254/32", "128.0.0.0/1"],
    policy: { allowSplitDefault: true },
    want: ["128.0.0.0/1"],
    warnings: [`route 169.254.169.254/32 via 192.0.2.1: ${LINK_LOCAL}`],
  },
  {
    name: "accepts only routes inside an allowed prefix, and the default route",
    routes: [
      "10.0.0.0/8",
      "10.1.0.0/16",
      "10.0.0.0/7",
      "192.168.0.0/16",
      "0.0.0.0/0",
    ],
    policy: { allow: ["10.0.0.0/8", "172.16.0.0/12"] },
    want: ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0"],
    warnings: [
      `routes 10.0.0.0/7 via 192.0.2.1, 192.168.0.0/16 via 192.0.2.1: ${NOT_ALLOWED}`,
    ],
  },
  {
    name: "accepts only the default route with an empty list of allowed ones",
    routes: ["10.0.0.0/8", "0.0.0.0/0"],
    policy: { allow: [] },
    want: ["0.0.0.0/0"],
    warnings: [`route 10.0.0.0/8 via 192.0.2.1: ${NOT_ALLOWED}`],
  },
  {
    name:
      "drops routes inside or around a denied prefix, but the default route",
    routes: [
      "10.96.0.0/12",
      "10.100.0.1/32",
      "10.0.0.0/8",
      "10.112.0.0/12",
      "0.0.0.0/0",
    ],
    policy: { deny: ["10.96.0.0/12"] },
    want: ["10.112.0.0/12", "0.0.0.0/0"],
    warnings: [
      `routes 10.96.0.0/12 via 192.0.2.1, 10.100.0.1/32 via 192.0.2.1, 10.0.0.0/8 via 192.0.2.1: ${DENIED}`,
    ],
  },
  {
    name: "denies what is both denied and allowed, however specific",
    routes: ["10.96.7.0/24", "10.1.0.0/16"],
    policy: { allow: ["10.0.0.0/8", "10.96.7.0/24"], deny: ["10.96.0.0/12"] },
    want: ["10.1.0.0/16"],
    warnings: [`route 10.96.7.0/24 via 192.0.2.1: ${DENIED}`],
  },
  {
    name: "denies every route but the default route",
    routes: ["10.0.0.0/8", "0.0.0.0/0"],
    policy: { deny: ["0.0.0.0/0"] },
    want: ["0.0.0.0/0"],
    warnings: [`route 10.0.0.0/8 via 192.0.2.1: ${DENIED}`],
  },
  {
    name: "does not count denied routes among those that cover IPv4",
    routes: ["64.0.0.0/4", "96.0.0.0/4"],
    policy: { deny: ["96.0.0.0/4"] },
    want: ["64.0.0.0/4"],
    warnings: [`route 96.0.0.0/4 via 192.0.2.1: ${DENIED}`],
  },
  {
    name: "puts on-link routes first",
    routes: ["0.0.0.0/0", "203.0.113.0/24 on-link", "10.0.0.0/8"],
    want: ["203.0.113.0/24 on-link", "0.0.0.0/0", "10.0.0.0/8"],
  },
  {
    name: "adds an on-link route to a router outside the subnet",
    routes: ["0.0.0.0/0 198.51.100.1", "10.0.0.0/8 198.51.100.1"],
    want: [
      "198.51.100.1/32 on-link",
      "0.0.0.0/0 198.51.100.1",
      "10.0.0.0/8 198.51.100.1",
    ],
  },
  {
    name: "adds an on-link route to every router of a /32",
    lease: "192.0.2.50/32",
    routes: ["0.0.0.0/0"],
    want: ["192.0.2.1/32 on-link", "0.0.0.0/0"],
  },
  {
    name: "adds no on-link route that the server sent",
    routes: ["0.0.0.0/0 198.51.100.1", "198.51.100.1/32 on-link"],
    want: ["198.51.100.1/32 on-link", "0.0.0.0/0 198.51.100.1"],
  },
  {
    name: "adds an on-link route to a router in an on-link network",
    routes: ["198.51.100.0/24 on-link", "0.0.0.0/0 198.51.100.1"],
    want: [
      "198.51.100.1/32 on-link",
      "198.51.100.0/24 on-link",
      "0.0.0.0/0 198.51.100.1",
    ],
  },
  {
    name:
      "drops routes through link-local addresses, to which it would add one",
    routes: ["0.0.0.0/0 169.254.1.1", "10.0.0.0/8 169.254.169.254"],
    want: [],
    warnings: [
      `routes 0.0.0.0/0 via 169.254.1.1, 10.0.0.0/8 via 169.254.169.254: ${NEXT_HOP}`,
    ],
  },
  {
    name: "drops them whatever else is allowed",
    routes: ["0.0.0.0/0 169.254.1.1"],
    policy: { allow: ["10.0.0.0/8"] },
    want: [],
    warnings: [`route 0.0.0.0/0 via 169.254.1.1: ${NEXT_HOP}`],
  },
  {
    name: "adds an on-link route to a link-local router that is allowed",
    routes: ["0.0.0.0/0 169.254.1.1"],
    policy: { allow: ["169.254.1.1/32"] },
    want: ["169.254.1.1/32 on-link", "0.0.0.0/0 169.254.1.1"],
  },
  {
    name: "accepts a link-local router in the subnet",
    lease: "169.254.7.7/16",
    routes: ["0.0.0.0/0 169.254.1.1"],
  },
  {
    name: "drops routes through denied addresses outside the subnet",
    routes: ["0.0.0.0/0 10.96.0.1", "10.1.0.0/16 10.96.0.1"],
    policy: { deny: ["10.96.0.0/12"] },
    want: [],
    warnings: [
      `routes 0.0.0.0/0 via 10.96.0.1, 10.1.0.0/16 via 10.96.0.1: ${NEXT_HOP}`,
    ],
  },
  {
    name:
      "drops routes through addresses that are not allowed, but the default route",
    routes: ["0.0.0.0/0 198.51.100.1", "10.1.0.0/16 203.0.113.9"],
    policy: { allow: ["10.0.0.0/8"] },
    want: ["198.51.100.1/32 on-link", "0.0.0.0/0 198.51.100.1"],
    warnings: [`route 10.1.0.0/16 via 203.0.113.9: ${NEXT_HOP}`],
  },
  {
    name: "adds an on-link route although the server's own routes are denied",
    routes: ["198.51.100.1/32 on-link", "0.0.0.0/0 198.51.100.1"],
    policy: { suppressRoutes: true },
    want: ["198.51.100.1/32 on-link", "0.0.0.0/0 198.51.100.1"],
  },
  {
    name: "adds no on-link route to the router of a route that is dropped",
    routes: ["0.0.0.0/0 198.51.100.1"],
    policy: { suppressGateway: true },
    want: [],
  },
], ({ lease = "192.0.2.50/24", routes, policy = {}, want, warnings = [] }) => {
  const { allow, deny = [], ...rest } = policy;
  const accepted = acceptedRoutes(
    { ...cidr(lease), routes: routes.map(toRoute) },
    {
      ...USUAL,
      ...rest,
      allowedRoutes: allow?.map(cidr),
      deniedRoutes: deny.map(cidr),
    },
  );
  const expected = (want ?? routes).map(toRoute);
  assertEquals(accepted.routes.map(formatRoute), expected.map(formatRoute));
  assertEquals(accepted.warnings, warnings);
});

function toRoute(text: string): DhcpRoute {
  const [destination = "", via = "192.0.2.1"] = text.split(" ");
  return {
    destination: cidr(destination),
    gateway: via === "on-link" ? undefined : ip(via),
  };
}

function cidr(text: string): Ipv4Cidr {
  const { address, prefixLength } = parseCidr(text) ?? {};
  if (address === undefined || prefixLength === undefined) {
    throw new Error(text);
  }
  return { address: ipv4FromBits(Number(address.value)), prefixLength };
}

function octets(first: number, last: number, step = 1): number[] {
  const length = Math.floor((last - first) / step) + 1;
  return Array.from({ length }, (_, index) => first + index * step);
}
