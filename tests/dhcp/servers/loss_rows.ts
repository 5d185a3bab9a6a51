/** Servers that stop, and servers that replace them. @module */

import { assert, assertEquals } from "@std/assert";
import { addressesOf, addressOf, isUp, routerOf } from "./test_network.ts";
import type { ServerRow } from "./server_rows.ts";
import type { ServerKind } from "../../support/dhcp_server.ts";
import { SERVER_KINDS } from "../../support/dhcp_servers.ts";

/** The pause between two attempts grows up to a minute. */
const TIMEOUT_MS = 120_000;
const SHORT = { leaseSeconds: 8, t1Seconds: 3, t2Seconds: 5 };

/** Another kind of server. */
function otherThan(kind: ServerKind): ServerKind {
  const index = SERVER_KINDS.indexOf(kind);
  return SERVER_KINDS[(index + 1) % SERVER_KINDS.length] ?? kind;
}

/** Rows about lost leases. */
export const LOSS_ROWS: readonly ServerRow[] = [
  {
    name:
      "the daemon removes an expired address and sets the link down until a server returns",
    service: SHORT,
    isAboutExpiry: true,
    run: async (network) => {
      const { host, server, service } = network;
      await host.daemon();
      const container = host.container();
      await host.add(container);
      await server.process.end();
      await network.until(
        "expiry",
        () => addressesOf(container).length === 0,
        service.leaseSeconds * 1000 + TIMEOUT_MS,
      );
      const check = await host.call("CHECK", container);
      assertEquals(check.json.code, 999);
      const { leases_lost_expired: lost } = await host.counters();
      assertEquals(lost, 1);
      await server.process.start();
      await network.until(
        "recovery",
        () => isUp(container) && addressesOf(container).length === 1,
        TIMEOUT_MS,
      );
      await network.serverHas(addressesOf(container).map(addressOf));
      await network.until(
        "default route",
        () => routerOf(container) === "192.0.2.1",
      );
      assertEquals((await host.call("CHECK", container)).code, 0);
    },
  },
  {
    name:
      '"onExpiry": "keep" leaves the interface unchanged when the lease expires',
    service: SHORT,
    isAboutExpiry: true,
    run: async (network) => {
      const { host, server, service } = network;
      const daemon = await host.daemon();
      const container = host.container();
      const address = await host.add(container, {
        ipam: { onExpiry: "keep" },
      });
      await server.process.end();
      await network.until(
        "expiry",
        () => daemon.log.includes("event=lease-lost"),
        service.leaseSeconds * 1000 + TIMEOUT_MS,
      );
      assertEquals(addressesOf(container), [address]);
      assert(isUp(container));
      await server.process.start();
      await network.until(
        "recovery",
        () => daemon.log.split("event=lease-acquired").length >= 3,
        TIMEOUT_MS,
      );
      assertEquals(addressesOf(container), [address]);
      await network.serverHas([addressOf(address)]);
    },
  },
  {
    name: "DEL releases the lease at the one of two servers that granted it",
    requirements: (kind) => otherThan(kind).requirements,
    run: async (network) => {
      const { host, kind } = network;
      const netns = network.machine("192.0.2.2/24");
      const second = await network.serve({
        ...network.service,
        server: "192.0.2.2",
        pool: ["192.0.2.150", "192.0.2.199"],
      }, { kind: otherThan(kind), netns });
      await host.daemon();
      const container = host.container();
      const address = addressOf(await host.add(container));
      const isFirst = network.service.pool[0] <= address &&
        Number(address.split(".")[3]) < 100;
      const granter = isFirst ? network.server : second;
      await network.until(
        "lease at the server that granted it",
        () => granter.leases.some((lease) => lease.address === address),
      );
      await host.call("DEL", container);
      await network.serverHas([], granter);
    },
  },
  {
    // dnsmasq refuses the old lease at once; the other servers are silent until it expires.
    name: "a lease from another server replaces one whose server is gone",
    service: SHORT,
    run: async (network) => {
      const { host, server, service } = network;
      await host.daemon();
      const container = host.container();
      await host.add(container);
      await server.process.end();
      const netns = network.machine("192.0.2.2/24");
      const other = await network.serve({
        ...service,
        server: "192.0.2.2",
        pool: ["192.0.2.150", "192.0.2.199"],
      }, { netns });
      await network.until(
        "lease of the other server",
        () =>
          isUp(container) &&
          (addressesOf(container)[0] ?? "").startsWith("192.0.2.1"),
        TIMEOUT_MS,
      );
      await network.serverHas(addressesOf(container).map(addressOf), other);
    },
  },
];
