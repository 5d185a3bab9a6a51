import { assertEquals } from "@std/assert";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import {
  encodeNewRoute,
  encodeOldRoute,
  type Ipv4Route,
} from "../../../lib/netlink/route_message.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

const DEFAULT_ROUTE: Ipv4Route = {
  ifIndex: 2,
  dst: { address: ipv4FromBits(0), prefixLength: 0 },
  gw: ipv4FromBits(0xc0000201),
  metric: 100,
};

testRows("route requests", [
  {
    name: "encodeNewRoute() through a router",
    bytes: encodeNewRoute(DEFAULT_ROUTE),
    want: `02 00 00 00 fe 10 00 01 04000000
           0800 0100 00000000
           0800 0400 02000000
           0800 0600 64000000
           0800 0500 c0000201`,
  },
  {
    name: "encodeNewRoute() on the link",
    bytes: encodeNewRoute({
      ifIndex: 2,
      dst: { address: ipv4FromBits(0xc6336400), prefixLength: 24 },
      gw: undefined,
      metric: 0,
    }),
    want: `02 18 00 00 fe 10 fd 01 00000000
           0800 0100 c6336400
           0800 0400 02000000
           0800 0600 00000000`,
  },
  {
    name: "encodeOldRoute() matches any protocol and scope",
    bytes: encodeOldRoute({ ...DEFAULT_ROUTE, gw: undefined }),
    want: `02 00 00 00 fe 00 ff 00 00000000
           0800 0100 00000000
           0800 0400 02000000
           0800 0600 64000000`,
  },
], ({ bytes, want }) => assertEquals(bytes, hex(want)));
