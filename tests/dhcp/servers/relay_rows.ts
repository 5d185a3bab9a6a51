/** A server behind a relay (ISC dhcrelay) in a router's namespace. @module */

import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../support/dhcp_server_process.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import type { ServerRow } from "./server_rows.ts";
import { bare, type Stage } from "./stage.ts";

const ROUTER = "198.51.100.1";

/** A router between the server's link and another one. @returns A container on the latter. */
async function routed(stage: Stage): Promise<TestNetns> {
  const { host } = stage;
  const router = stage.machine("192.0.2.9/24");
  const container = stage.keep(new TestNetns());
  container.ip(`link add eth0 type veth peer name eth1 netns ${router.name}`);
  router.ip(`addr add ${ROUTER}/24 dev eth1`);
  router.ip("link set eth1 up");
  router.exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
  host.server.ip("route add 198.51.100.0/24 via 192.0.2.9");
  const relay = stage.keep(
    new ServerProcess(router, {
      logFile: host.directory.join("relay.log"),
      command: {
        command: [
          "dhcrelay",
          "-4",
          "-d",
          "--no-pid",
          "-iu",
          "eth0",
          "-id",
          "eth1",
          "192.0.2.1",
        ],
        ready: "Sending on   Socket/fallback",
      },
    }),
  );
  await relay.start();
  return container;
}

/** Rows with a relay between client and server. */
export const RELAY_ROWS: readonly ServerRow[] = [
  {
    name: "through a relay a lease is had, renewed past it, and given back",
    requirements: () => ["command:dhcrelay"],
    service: {
      leaseSeconds: 120,
      t1Seconds: 3,
      t2Seconds: 100,
      router: ROUTER,
      relayed: {
        subnet: "198.51.100.0/24",
        pool: ["198.51.100.50", "198.51.100.99"],
      },
    },
    run: async (stage) => {
      const { host, wire } = stage;
      const container = await routed(stage);
      const daemon = await host.daemon();
      const address = bare(await host.add(container));
      assert(address.startsWith("198.51.100."), address);
      await stage.serverHas([address]);
      await stage.until(
        "renewal",
        () => daemon.log.includes("event=lease-renewed"),
      );
      await stage.until(
        "REQUEST of the renewal",
        () =>
          wire.messages.some(({ type, source, destination }) =>
            type === "REQUEST" && source === address &&
            destination === "192.0.2.1"
          ),
      );
      assertEquals((await host.call("DEL", container)).code, 0);
      await stage.serverHas([]);
    },
  },
  {
    name: "through a relay DEL gives back what was set up, and what was not",
    requirements: () => ["command:dhcrelay"],
    service: {
      router: ROUTER,
      relayed: {
        subnet: "198.51.100.0/24",
        pool: ["198.51.100.50", "198.51.100.99"],
      },
    },
    run: async (stage) => {
      const { host } = stage;
      const container = await routed(stage);
      await host.daemon();
      const { json } = await host.call("ADD", container);
      await stage.serverHas([bare(json.ips[0].address)]);
      assertEquals((await host.call("DEL", container)).code, 0);
      await stage.serverHas([]);
      await stage.serverHas([bare(await host.add(container))]);
      assertEquals((await host.call("CHECK", container)).code, 0);
      assertEquals((await host.call("DEL", container)).code, 0);
      await stage.serverHas([]);
    },
  },
];
