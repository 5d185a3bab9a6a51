/** A server behind a relay agent (ISC dhcrelay) on a router. @module */

import { assert, assertEquals } from "@std/assert";
import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import type { ServerRow } from "./server_rows.ts";
import { addressOf, type TestNetwork } from "./test_network.ts";

const ROUTER = "198.51.100.1";
const RELAYED = {
  subnet: "198.51.100.0/24",
  pool: ["198.51.100.50", "198.51.100.99"],
} as const;

/**
 * Adds a router with a relay agent between the server's link and another.
 *
 * @returns A container on the other link.
 */
async function containerBehindRelay(network: TestNetwork): Promise<TestNetns> {
  const { host } = network;
  const router = network.machine("192.0.2.9/24");
  const container = network.use(new TestNetns());
  container.ip(`link add eth0 type veth peer name eth1 netns ${router.name}`);
  router.ip(`addr add ${ROUTER}/24 dev eth1`);
  router.ip("link set eth1 up");
  router.exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
  host.server.ip("route add 198.51.100.0/24 via 192.0.2.9");
  const relay = network.use(
    new BackgroundProcess([
      ...router.enter,
      ...["dhcrelay", "-4", "-d", "--no-pid", "-iu", "eth0", "-id", "eth1"],
      "192.0.2.1",
    ], {
      logFile: host.directory.join("relay.log"),
      ready: "Sending on   Socket/fallback",
    }),
  );
  await relay.start();
  return container;
}

/** Rows with a relay agent between client and server. */
export const RELAY_ROWS: readonly ServerRow[] = [
  {
    name: "a lease is acquired through a relay, renewed directly, and released",
    requirements: () => ["command:dhcrelay"],
    service: {
      leaseSeconds: 120,
      t1Seconds: 3,
      t2Seconds: 100,
      router: ROUTER,
      relayed: RELAYED,
    },
    run: async (network) => {
      const { host, wire } = network;
      const container = await containerBehindRelay(network);
      const daemon = await host.daemon();
      const address = addressOf(await host.add(container));
      assert(address.startsWith("198.51.100."), address);
      await network.serverHas([address]);
      await network.until(
        "renewal",
        () => daemon.log.includes("event=lease-renewed"),
      );
      await network.until(
        "REQUEST of the renewal",
        () =>
          wire.messages.some(({ type, source, destination }) =>
            type === "REQUEST" && source === address &&
            destination === "192.0.2.1"
          ),
      );
      assertEquals((await host.call("DEL", container)).code, 0);
      await network.serverHas([]);
    },
  },
  {
    name:
      "behind a relay DEL releases the lease, with or without its address on the interface",
    requirements: () => ["command:dhcrelay"],
    service: {
      router: ROUTER,
      relayed: RELAYED,
    },
    run: async (network) => {
      const { host } = network;
      const container = await containerBehindRelay(network);
      await host.daemon();
      const { json } = await host.call("ADD", container);
      await network.serverHas([addressOf(json.ips[0].address)]);
      assertEquals((await host.call("DEL", container)).code, 0);
      await network.serverHas([]);
      await network.serverHas([addressOf(await host.add(container))]);
      assertEquals((await host.call("CHECK", container)).code, 0);
      assertEquals((await host.call("DEL", container)).code, 0);
      await network.serverHas([]);
    },
  },
];
