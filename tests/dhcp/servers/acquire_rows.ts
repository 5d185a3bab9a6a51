/** Getting an address, and giving it back. @module */

import { assert, assertEquals } from "@std/assert";
import type { ServerLease } from "../../support/dhcp_server.ts";
import { addressOf, isUp } from "./test_network.ts";
import type { ServerRow } from "./server_rows.ts";

/** No server must be asked for longer than a test has patience. */
const BRIEF = { timeout: "3s" };

/** Rows about ADD and DEL with one server. */
export const ACQUIRE_ROWS: readonly ServerRow[] = [
  {
    name: "ADD gives address, mask, router and DNS; DEL frees it in its file",
    service: { dns: ["192.0.2.53", "192.0.2.54"], domain: "a.example" },
    run: async (network) => {
      const { host, server } = network;
      await host.daemon();
      const container = host.container();
      const { json } = await host.call("ADD", container);
      // Read once: some servers write their file anew, and it is empty meanwhile.
      let lease: ServerLease | undefined;
      await network.until("lease in the file", () => {
        [lease] = server.leases;
        return lease !== undefined;
      });
      assert(lease !== undefined);
      assertEquals(json, {
        cniVersion: "1.1.0",
        ips: [{ address: `${lease.address}/24`, gateway: "192.0.2.1" }],
        routes: [{ dst: "0.0.0.0/0", gw: "192.0.2.1" }],
        dns: {
          nameservers: ["192.0.2.53", "192.0.2.54"],
          domain: "a.example",
        },
      });
      container.ip(`addr add ${lease.address}/24 dev eth0`);
      assertEquals((await host.call("CHECK", container)).code, 0);
      assertEquals((await host.call("DEL", container)).code, 0);
      await network.serverHas([]);
      assertEquals(host.stateFiles, []);
      const { source } = await network.releasedTo("192.0.2.1");
      assertEquals(source, lease.address);
    },
  },
  {
    name: "DEL before the address is on the interface frees it too",
    run: async (network) => {
      const { host } = network;
      await host.daemon();
      const container = host.container();
      const { json } = await host.call("ADD", container);
      const address = addressOf(json.ips[0].address);
      await network.serverHas([address]);
      assertEquals((await host.call("DEL", container)).code, 0);
      await network.serverHas([]);
      const { source } = await network.releasedTo("192.0.2.1");
      assertEquals(source, address);
    },
  },
  {
    name: "classless routes win over static routes and router",
    service: {
      classlessRoutes: [
        ["198.51.100.0/24", "192.0.2.9"],
        ["203.0.113.128/25", "192.0.2.10"],
      ],
      staticRoutes: [["203.0.113.7", "192.0.2.11"]],
    },
    run: async ({ host }) => {
      await host.daemon();
      const { json } = await host.call("ADD", host.container());
      assertEquals(json.routes, [
        { dst: "198.51.100.0/24", gw: "192.0.2.9" },
        { dst: "203.0.113.128/25", gw: "192.0.2.10" },
      ]);
      assertEquals(json.ips[0].gateway, "192.0.2.1");
    },
  },
  {
    name: "static routes are classful and stand before the router",
    service: { staticRoutes: [["203.0.113.7", "192.0.2.11"]] },
    run: async ({ host }) => {
      await host.daemon();
      const { json } = await host.call("ADD", host.container());
      assertEquals(json.routes, [
        { dst: "203.0.113.0/24", gw: "192.0.2.11" },
        { dst: "0.0.0.0/0", gw: "192.0.2.1" },
      ]);
    },
  },
  {
    name: "ADD sets a link up, and waits for its carrier",
    run: async (network) => {
      const { host, wire } = network;
      await host.daemon();
      const container = host.container();
      host.server.ip("link set p1 down");
      const adding = host.call("ADD", container);
      await network.until("link that is set up", () => isUp(container));
      assertEquals(wire.messages, []);
      host.server.ip("link set p1 up");
      assertEquals((await adding).code, 0);
      // One of each: nothing was lost on a link without carrier.
      assertEquals(wire.messages.map(({ type }) => type), [
        "DISCOVER",
        "REQUEST",
      ]);
    },
  },
  {
    name: "without a carrier ADD says so",
    run: async ({ host }) => {
      await host.daemon();
      const container = host.container();
      host.server.ip("link set p1 down");
      const { json } = await host.call("ADD", container, {
        ipam: { timeout: "1s" },
      });
      assertEquals([json.code, json.msg], [
        11,
        "error calling DHCP.Allocate: link is down: no DHCPDISCOVER could be sent",
      ]);
      assertEquals(host.stateFiles, []);
    },
  },
  {
    name: "a pool without a free address is code 11, until one is given back",
    service: { pool: ["192.0.2.50", "192.0.2.50"] },
    run: async (network) => {
      const { host } = network;
      await host.daemon();
      const [one, other] = [host.container(), host.container()];
      await host.add(one, { containerId: "one" });
      const refused = await host.call("ADD", other, {
        containerId: "other",
        ipam: BRIEF,
      });
      assertEquals(refused.json.code, 11);
      assert(
        /^error calling DHCP\.Allocate: no DHCPOFFER received: \d+ DHCPDISCOVERs unanswered$/
          .test(refused.json.msg),
        refused.json.msg,
      );
      assertEquals(host.leaseFiles.length, 1);
      await host.call("DEL", one, { containerId: "one" });
      await network.serverHas([]);
      // As main plugins do; a server that asks the link would find the address in use.
      one.ip("addr flush dev eth0");
      await host.add(other, { containerId: "other" });
      await network.serverHas(["192.0.2.50"]);
    },
  },
  {
    name: "ten at once get ten addresses, and give them all back",
    run: async (network) => {
      const { host } = network;
      await host.daemon();
      const containers = Array.from({ length: 10 }, () => host.container());
      const addresses = await Promise.all(
        containers.map((container, index) =>
          host.add(container, { containerId: `c${index}` })
        ),
      ).catch((cause) => {
        throw new Error(network.report(), { cause });
      });
      assertEquals(new Set(addresses).size, 10);
      await network.serverHas(addresses.map(addressOf));
      await Promise.all(
        containers.map((container, index) =>
          host.call("DEL", container, { containerId: `c${index}` })
        ),
      );
      await network.serverHas([]);
    },
  },
  {
    name: "a repeated ADD is answered with the same lease, without the server",
    run: async ({ host, wire }) => {
      await host.daemon();
      const container = host.container();
      const first = await host.call("ADD", container);
      const count = wire.messages.length;
      const second = await host.call("ADD", container);
      assertEquals(second.json, first.json);
      assertEquals(wire.messages.length, count);
    },
  },
  {
    name: "GC gives back what is not listed, and nothing else",
    run: async (network) => {
      const { host } = network;
      await host.daemon();
      const [kept, stale] = [host.container(), host.container()];
      const address = await host.add(kept, { containerId: "kept" });
      await host.add(stale, { containerId: "stale" });
      const { code } = await host.call("GC", undefined, {
        config: {
          "cni.dev/valid-attachments": [
            { containerID: "kept", ifname: "eth0" },
          ],
        },
      });
      assertEquals(code, 0);
      await network.serverHas([addressOf(address)]);
      assertEquals(host.leaseFiles.length, 1);
    },
  },
];
