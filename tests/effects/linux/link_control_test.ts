import { assertEquals, assertThrows } from "@std/assert";
import {
  type Ipv4Address,
  ipv4FromBits,
} from "../../../lib/net/ipv4_address.ts";
import { formatMacAddress } from "../../../lib/net/mac_address.ts";
import type { Ipv4Route } from "../../../lib/netlink/route_message.ts";
import { SyscallError } from "../../../lib/linux/errno.ts";
import {
  type LinkControl,
  openLinkControl,
} from "../../../lib/linux/link_control.ts";
import { TestLink, TestNetns } from "../../support/network_namespaces.ts";
import { testAsRoot } from "../../support/requirements.ts";

/** 192.0.2.`host`. */
function host(number: number): Ipv4Address {
  return ipv4FromBits(0xc0000200 + number);
}

function withLink(
  body: (control: LinkControl, ifIndex: number, link: TestLink) => void,
): void {
  using link = new TestLink();
  using netns = link.client.open();
  using control = openLinkControl(netns);
  body(control, control.find("eth0")?.index ?? 0, link);
}

testAsRoot("LinkControl.find() returns the same values as ip", () => {
  withLink((control, _, { client }) => {
    const [shown] = client.list("-d link show eth0");
    const found = control.find("eth0");
    assertEquals(
      found && {
        ifindex: found.index,
        ifname: found.name,
        address: formatMacAddress(found.macAddress),
        broadcast: formatMacAddress(found.broadcastAddress),
        mtu: found.mtu,
        kind: found.kind,
      },
      {
        ifindex: shown.ifindex,
        ifname: shown.ifname,
        address: shown.address,
        broadcast: shown.broadcast,
        mtu: shown.mtu,
        kind: shown.linkinfo.info_kind,
      },
    );
    assertEquals(
      [found?.htype, found?.isUp, found?.hasCarrier],
      [1, true, true],
    );
  });
});

for (
  const { name, options } of [
    { name: "macvlan", options: "type macvlan mode bridge" },
    { name: "ipvlan", options: "type ipvlan mode l2" },
  ]
) {
  testAsRoot(`LinkControl.find() returns the kind ${name}`, () => {
    withLink((control, _, { client }) => {
      try {
        client.ip(`link add link eth0 name sub0 ${options}`);
      } catch (error) {
        // The kernel may be built without it.
        if (String(error).includes("Unknown device type")) return;
        throw error;
      }
      assertEquals(control.find("sub0")?.kind, name);
    });
  });
}

testAsRoot(
  "LinkControl.find() returns undefined if there is no such interface",
  () => {
    withLink((control) => {
      assertEquals(control.find("eth9"), undefined);
      assertEquals(control.find(""), undefined);
      assertEquals(control.find("a-name-that-is-too-long"), undefined);
    });
  },
);

testAsRoot("LinkControl.find() returns no kind for lo", () => {
  using place = new TestNetns();
  using netns = place.open();
  using control = openLinkControl(netns);
  const lo = control.find("lo");
  assertEquals([lo?.htype, lo?.kind, lo?.isUp], [772, undefined, true]);
});

testAsRoot("LinkControl.setState() sets an interface down and up", () => {
  withLink((control, ifIndex, { client }) => {
    control.setState(ifIndex, "down");
    assertEquals(control.find("eth0")?.isUp, false);
    assertEquals(client.list("link show eth0")[0].operstate, "DOWN");
    control.setState(ifIndex, "up");
    assertEquals(control.find("eth0")?.isUp, true);
    client.untilOperational();
  });
});

testAsRoot("LinkControl.find() distinguishes up from carrier", () => {
  withLink((control, _, { server }) => {
    server.ip("link set eth0 down");
    const link = control.find("eth0");
    assertEquals([link?.isUp, link?.hasCarrier], [true, false]);
  });
});

testAsRoot(
  "LinkControl.setState() throws ENODEV if the interface is gone",
  () => {
    withLink((control) => {
      const error = assertThrows(
        () => control.setState(4711, "up"),
        SyscallError,
        "RTM_NEWLINK interface 4711 up: no such device",
      );
      assertEquals(error.errnoName, "ENODEV");
    });
  },
);

testAsRoot("LinkControl adds, lists and removes addresses", () => {
  withLink((control, ifIndex, { client }) => {
    const first = { ifIndex, address: host(7), prefixLength: 24 };
    const second = { ifIndex, address: host(200), prefixLength: 32 };
    control.addAddress(first);
    control.addAddress(second);
    control.addAddress(first);
    assertEquals(control.addresses(ifIndex), [first, second]);
    const shown = client.list("-4 addr show eth0")[0].addr_info;
    assertEquals(
      // deno-lint-ignore no-explicit-any
      shown.map(({ local, prefixlen, broadcast, scope }: any) =>
        `${local}/${prefixlen} ${broadcast} ${scope}`
      ),
      ["192.0.2.7/24 192.0.2.255 global", "192.0.2.200/32 undefined global"],
    );
    control.removeAddress(first);
    control.removeAddress(first);
    assertEquals(control.addresses(ifIndex), [second]);
  });
});

testAsRoot("LinkControl.addresses() omits other interfaces", () => {
  withLink((control, ifIndex) => {
    assertEquals(control.addresses(ifIndex), []);
  });
});

testAsRoot(
  "LinkControl replaces an address by another one of its subnet",
  () => {
    withLink((control, ifIndex) => {
      const old = { ifIndex, address: host(7), prefixLength: 24 };
      const next = { ifIndex, address: host(8), prefixLength: 24 };
      control.addAddress(old);
      control.removeAddress(old);
      control.addAddress(next);
      assertEquals(control.addresses(ifIndex), [next]);
    });
  },
);

testAsRoot("LinkControl adds and removes routes", () => {
  withLink((control, ifIndex, { client }) => {
    control.addAddress({ ifIndex, address: host(7), prefixLength: 24 });
    const viaGateway: Ipv4Route = {
      ifIndex,
      dst: { address: ipv4FromBits(0), prefixLength: 0 },
      gw: host(1),
      metric: 0,
    };
    const withMetric = { ...viaGateway, gw: host(2), metric: 100 };
    const onLink: Ipv4Route = {
      ifIndex,
      dst: { address: ipv4FromBits(0xc6336400), prefixLength: 24 },
      gw: undefined,
      metric: 0,
    };
    const routes = [viaGateway, withMetric, onLink];
    assertEquals(routes.map((route) => control.addRoute(route)), [
      true,
      true,
      true,
    ]);
    assertEquals(control.addRoute({ ...viaGateway, gw: host(3) }), false);
    assertEquals(shownRoutes(client), [
      "default via 192.0.2.1 dhcp",
      "default via 192.0.2.2 metric 100 dhcp",
      "198.51.100.0/24 dhcp link",
    ]);
    control.removeRoute(withMetric);
    control.removeRoute(withMetric);
    control.removeRoute(onLink);
    assertEquals(shownRoutes(client), ["default via 192.0.2.1 dhcp"]);
    control.removeRoute(viaGateway);
    assertEquals(shownRoutes(client), []);
  });
});

/** Lists the routes, without those that the kernel installed. */
function shownRoutes(place: TestNetns): string[] {
  return place.list("route show").filter(({ protocol }) =>
    protocol !== "kernel"
  ).map(({ dst, gateway, metric, protocol, scope }) =>
    [
      dst,
      gateway && `via ${gateway}`,
      metric && `metric ${metric}`,
      protocol,
      scope,
    ].filter((word) => word !== undefined).join(" ")
  );
}

testAsRoot(
  "LinkControl.addRoute() accepts a router outside of every subnet (a /32 lease)",
  () => {
    withLink((control, ifIndex, { client }) => {
      control.addAddress({ ifIndex, address: host(7), prefixLength: 32 });
      control.addRoute({
        ifIndex,
        dst: { address: ipv4FromBits(0), prefixLength: 0 },
        gw: host(1),
        metric: 0,
      });
      assertEquals(client.list("route show default")[0].flags, ["onlink"]);
    });
  },
);

testAsRoot(
  "LinkControl.removeRoute() removes a route of another program",
  () => {
    withLink((control, ifIndex, { client }) => {
      client.ip("addr add 192.0.2.7/24 dev eth0");
      client.ip("route add default via 192.0.2.1 proto static");
      control.removeRoute({
        ifIndex,
        dst: { address: ipv4FromBits(0), prefixLength: 0 },
        gw: host(1),
        metric: 0,
      });
      assertEquals(shownRoutes(client), []);
    });
  },
);

testAsRoot("LinkControl throws the kernel's explanation", () => {
  withLink((control, ifIndex) => {
    const error = assertThrows(() =>
      control.addRoute({
        ifIndex,
        dst: { address: ipv4FromBits(0xc6336401), prefixLength: 24 },
        gw: undefined,
        metric: 0,
      }), SyscallError);
    assertEquals(
      error.message,
      "RTM_NEWROUTE 198.51.100.1/24: invalid argument (Invalid prefix for given prefix length)",
    );
  });
});

testAsRoot("LinkControl.addresses() receives a list of many datagrams", () => {
  withLink((control, ifIndex, { client }) => {
    const lines = Array.from(
      { length: 2_000 },
      (_, n) => `addr add 10.${n >> 8}.${n & 255}.1/24 dev eth0`,
    );
    const file = Deno.makeTempFileSync();
    Deno.writeTextFileSync(file, lines.join("\n"));
    client.ip(`-batch ${file}`);
    Deno.removeSync(file);
    assertEquals(control.addresses(ifIndex).length, 2_000);
  });
});
