/** ADD and DEL with a real server. @module */

import { assert, assertEquals } from "@std/assert";
import type { ServerLease } from "../../support/dhcp_server.ts";
import { addressOf, isUp } from "./test_network.ts";
import type { ServerRow } from "./server_rows.ts";

/** The timeout of an ADD that cannot succeed. */
const SHORT = { timeout: "3s" };

/** Rows about ADD and DEL with one server. */
export const ACQUIRE_ROWS: readonly ServerRow[] = [
  {
    name:
      "ADD returns the address, mask, router and DNS servers; DEL removes the lease from the server's file",
    service: { dns: ["192.0.2.53", "192.0.2.54"], domain: "a.example" },
    run: async (network) => {
      const { host, server } = network;
      await host.daemon();
      const container = host.container();
      const { json } = await host.call("ADD", container);
      // Read once, because some servers truncate the file before they rewrite it.
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
    name: "DEL releases a lease whose address is not on the interface yet",
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
    name:
      "ADD prefers classless static routes over static routes and the router option",
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
    name: "ADD lists classful static routes before the default route",
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
    name: "ADD sets the link up and waits for its carrier",
    run: async (network) => {
      const { host, wire } = network;
      await host.daemon();
      const container = host.container();
      host.server.ip("link set p1 down");
      const adding = host.call("ADD", container);
      await network.until("link set up", () => isUp(container));
      assertEquals(wire.messages, []);
      host.server.ip("link set p1 up");
      assertEquals((await adding).code, 0);
      assertEquals(wire.distinct.map(({ type }) => type), [
        "DISCOVER",
        "REQUEST",
      ]);
      // Every message sent has arrived, so none was sent on a link without carrier.
      const { sent_discover: discovers = 0, sent_request: requests = 0 } =
        await host.counters();
      await network.until(
        `${discovers + requests} messages`,
        () => wire.messages.length === discovers + requests,
      );
    },
  },
  {
    name: "ADD fails with the reason when the link has no carrier",
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
    name: "ADD fails with code 11 while the pool is exhausted",
    service: { pool: ["192.0.2.50", "192.0.2.50"] },
    run: async (network) => {
      const { host } = network;
      await host.daemon();
      const [first, second] = [host.container(), host.container()];
      await host.add(first, { containerId: "first" });
      const refused = await host.call("ADD", second, {
        containerId: "second",
        ipam: SHORT,
      });
      assertEquals(refused.json.code, 11);
      assert(
        /^error calling DHCP\.Allocate: no DHCPOFFER received: \d+ DHCPDISCOVERs unanswered$/
          .test(refused.json.msg),
        refused.json.msg,
      );
      assertEquals(host.leaseFiles.length, 1);
      await host.call("DEL", first, { containerId: "first" });
      await network.serverHas([]);
      // As a main plugin does; a server that probes the link would find the address in use.
      first.ip("addr flush dev eth0");
      await host.add(second, { containerId: "second" });
      await network.serverHas(["192.0.2.50"]);
    },
  },
  {
    name: "ten simultaneous ADDs get ten addresses, and the DELs release them",
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
    name: "a repeated ADD returns the same lease without asking the server",
    run: async ({ host, wire }) => {
      await host.daemon();
      const container = host.container();
      const first = await host.call("ADD", container);
      const count = wire.distinct.length;
      const second = await host.call("ADD", container);
      assertEquals(second.json, first.json);
      assertEquals(wire.distinct.length, count);
    },
  },
  {
    name: "GC releases only the leases of attachments that are not listed",
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
