/**
 * Interfaces and namespaces that are removed without a DEL: the host releases their leases, if it
 * reaches the server.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import type { Requirement } from "../../support/requirements.ts";
import type { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import type { ServerRow } from "./server_rows.ts";
import { addressOf, type TestNetwork } from "./test_network.ts";

const HOST = "192.0.2.8";
const NEEDS: readonly Requirement[] = ["command:nsenter"];

/** Starts a daemon whose namespace is on the server's link, and a container that gets a lease. */
async function addContainer(
  network: TestNetwork,
): Promise<{
  readonly daemon: BackgroundProcess;
  readonly container: TestNetns;
  readonly address: string;
}> {
  const { host } = network;
  host.daemonNetns = network.machine(`${HOST}/24`);
  const daemon = await host.daemon();
  const container = host.container();
  const address = addressOf(await host.add(container));
  await network.serverHas([address]);
  return { daemon, container, address };
}

/** Waits until the host has released `address` and removed its files. */
async function released(network: TestNetwork, address: string): Promise<void> {
  await network.serverHas([]);
  const { source, message } = await network.releasedTo("192.0.2.1");
  assertEquals([source, formatIpAddress(message.ciaddr)], [HOST, address]);
  await network.until(
    "empty state directory",
    () => network.host.stateFiles.length === 0,
  );
}

/** Rows about removed interfaces and namespaces. */
export const GONE_ROWS: readonly ServerRow[] = [
  {
    name: "the host releases the lease of a removed namespace",
    requirements: () => NEEDS,
    run: async (network) => {
      const { container, address } = await addContainer(network);
      container.remove();
      await released(network, address);
      assertEquals((await network.host.call("DEL", container)).code, 0);
    },
  },
  {
    name: "DEL releases the lease of a removed interface through the host",
    requirements: () => NEEDS,
    run: async (network) => {
      const { host } = network;
      const { daemon, container, address } = await addContainer(network);
      container.ip("link del eth0");
      await network.until(
        "notification",
        () => daemon.log.includes("event=interface-removed"),
      );
      await network.serverHas([address]);
      assertEquals((await host.call("DEL", container)).code, 0);
      await released(network, address);
    },
  },
  {
    name:
      "the next daemon releases the lease of a namespace that was removed while no daemon ran",
    requirements: () => NEEDS,
    run: async (network) => {
      const { host } = network;
      const { daemon, container, address } = await addContainer(network);
      await daemon.end("SIGKILL");
      container.remove();
      await network.serverHas([address]);
      await host.daemon();
      await released(network, address);
    },
  },
];
