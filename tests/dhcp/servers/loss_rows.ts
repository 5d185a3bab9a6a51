/** Servers that go away, and others that are there instead. @module */

import { assert, assertEquals } from "@std/assert";
import { addressesOf, bare, isUp } from "./stage.ts";
import type { ServerRow } from "./server_rows.ts";
import type { ServerKind } from "../../support/dhcp_server.ts";
import { SERVER_KINDS } from "../../support/dhcp_servers.ts";

/** The pause between two tries grows up to a minute. */
const PATIENCE_MS = 120_000;
const SHORT = { leaseSeconds: 8, t1Seconds: 3, t2Seconds: 5 };

/** Another make. */
function after(kind: ServerKind): ServerKind {
  const index = SERVER_KINDS.indexOf(kind);
  return SERVER_KINDS[(index + 1) % SERVER_KINDS.length] ?? kind;
}

/** Rows about leases that end. */
export const LOSS_ROWS: readonly ServerRow[] = [
  {
    name: "an expired lease takes address and link down until a server is back",
    service: SHORT,
    isAboutExpiry: true,
    run: async (stage) => {
      const { host, server, service } = stage;
      await host.daemon();
      const container = host.container();
      await host.add(container);
      await server.process.stop();
      await stage.until(
        "expiry",
        () => addressesOf(container).length === 0,
        service.leaseSeconds * 1000 + PATIENCE_MS,
      );
      const check = await host.call("CHECK", container);
      assertEquals(check.json.code, 999);
      const { leases_lost_expired: lost } = await host.counters();
      assertEquals(lost, 1);
      await server.process.start();
      await stage.until(
        "recovery",
        () => isUp(container) && addressesOf(container).length === 1,
        PATIENCE_MS,
      );
      await stage.serverHas(addressesOf(container).map(bare));
      const [route] = container.list("route show default");
      assertEquals(route?.gateway, "192.0.2.1");
      assertEquals((await host.call("CHECK", container)).code, 0);
    },
  },
  {
    name: 'with "onExpiry": "keep" an expired lease leaves the interface alone',
    service: SHORT,
    isAboutExpiry: true,
    run: async (stage) => {
      const { host, server, service } = stage;
      const daemon = await host.daemon();
      const container = host.container();
      const address = await host.add(container, {
        ipam: { onExpiry: "keep" },
      });
      await server.process.stop();
      await stage.until(
        "expiry",
        () => daemon.log.includes("event=lease-lost"),
        service.leaseSeconds * 1000 + PATIENCE_MS,
      );
      assertEquals(addressesOf(container), [address]);
      assert(isUp(container));
      await server.process.start();
      await stage.until(
        "recovery",
        () => daemon.log.split("event=lease-acquired").length >= 3,
        PATIENCE_MS,
      );
      assertEquals(addressesOf(container), [address]);
      await stage.serverHas([bare(address)]);
    },
  },
  {
    name: "of two servers one gives the lease, and gets it back",
    requirements: (kind) => after(kind).requirements,
    run: async (stage) => {
      const { host, kind } = stage;
      const netns = stage.machine("192.0.2.2/24");
      const second = await stage.serve({
        ...stage.service,
        server: "192.0.2.2",
        pool: ["192.0.2.150", "192.0.2.199"],
      }, { kind: after(kind), netns });
      await host.daemon();
      const container = host.container();
      const address = bare(await host.add(container));
      const isFirst = stage.service.pool[0] <= address &&
        Number(address.split(".")[3]) < 100;
      const giver = isFirst ? stage.server : second;
      await stage.until(
        "lease at the server that gave it",
        () => giver.leases().some((lease) => lease.address === address),
      );
      await host.call("DEL", container);
      await stage.serverHas([], giver);
    },
  },
  {
    // dnsmasq says no at once, the others are silent until the lease is over.
    name: "a lease whose server is gone for good gives way to another server's",
    service: SHORT,
    run: async (stage) => {
      const { host, server, service } = stage;
      await host.daemon();
      const container = host.container();
      await host.add(container);
      await server.process.stop();
      const netns = stage.machine("192.0.2.2/24");
      const other = await stage.serve({
        ...service,
        server: "192.0.2.2",
        pool: ["192.0.2.150", "192.0.2.199"],
      }, { netns });
      await stage.until(
        "lease of the other server",
        () =>
          isUp(container) &&
          (addressesOf(container)[0] ?? "").startsWith("192.0.2.1"),
        PATIENCE_MS,
      );
      await stage.serverHas(addressesOf(container).map(bare), other);
    },
  },
];
