/** Containers that go without a word: the host gives back what they had, where it has a route to the server. @module */

import { assertEquals } from "@std/assert";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import type { Requirement } from "../../support/requirements.ts";
import type { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import type { ServerRow } from "./server_rows.ts";
import { addressOf, type TestNetwork } from "./test_network.ts";

const HOST = "192.0.2.8";
const NEEDS: readonly Requirement[] = ["command:nsenter"];

/** A daemon whose own namespace is on the server's link, and a container with a lease. */
async function leased(
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

/** Waits until the host has given `address` back, to the server and on its disk. */
async function givenBack(network: TestNetwork, address: string): Promise<void> {
  await network.serverHas([]);
  const { source, message } = await network.releasedTo("192.0.2.1");
  assertEquals([source, formatIpAddress(message.ciaddr)], [HOST, address]);
  await network.until("no file", () => network.host.stateFiles.length === 0);
}

/** Rows about interfaces and namespaces that are gone. */
export const GONE_ROWS: readonly ServerRow[] = [
  {
    name: "a namespace that is gone: the host gives its lease back",
    requirements: () => NEEDS,
    run: async (network) => {
      const { container, address } = await leased(network);
      container.remove();
      await givenBack(network, address);
      assertEquals((await network.host.call("DEL", container)).code, 0);
    },
  },
  {
    name: "an interface that is gone: the host gives its lease back at DEL",
    requirements: () => NEEDS,
    run: async (network) => {
      const { host } = network;
      const { daemon, container, address } = await leased(network);
      container.ip("link del eth0");
      await network.until(
        "word of it",
        () => daemon.log.includes("event=interface-removed"),
      );
      await network.serverHas([address]);
      assertEquals((await host.call("DEL", container)).code, 0);
      await givenBack(network, address);
    },
  },
  {
    name: "a namespace gone while no daemon ran: the next gives the lease back",
    requirements: () => NEEDS,
    run: async (network) => {
      const { host } = network;
      const { daemon, container, address } = await leased(network);
      await daemon.end("SIGKILL");
      container.remove();
      await network.serverHas([address]);
      await host.daemon();
      await givenBack(network, address);
    },
  },
];
