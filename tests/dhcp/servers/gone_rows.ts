/** Containers that go without a word: the host gives back what they had, where it has a route to the server. @module */

import { assertEquals } from "@std/assert";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import type { Requirement } from "../../support/requirements.ts";
import type { DaemonProcess } from "./dhcp_host.ts";
import type { ServerRow } from "./server_rows.ts";
import { bare, type Stage } from "./stage.ts";

const HOST = "192.0.2.8";
const NEEDS: readonly Requirement[] = ["command:nsenter"];

/** A daemon whose own namespace is on the server's link, and a container with a lease. */
async function leased(
  stage: Stage,
): Promise<{
  readonly daemon: DaemonProcess;
  readonly container: TestNetns;
  readonly address: string;
}> {
  const { host } = stage;
  host.home = stage.machine(`${HOST}/24`);
  const daemon = await host.daemon();
  const container = host.container();
  const address = bare(await host.add(container));
  await stage.serverHas([address]);
  return { daemon, container, address };
}

/** Waits until the host has given `address` back, to the server and on its disk. */
async function givenBack(stage: Stage, address: string): Promise<void> {
  await stage.serverHas([]);
  const { source, message } = await stage.releasedTo("192.0.2.1");
  assertEquals([source, formatIpAddress(message.ciaddr)], [HOST, address]);
  await stage.until("no file", () => stage.host.stateFiles.length === 0);
}

/** Rows about interfaces and namespaces that are gone. */
export const GONE_ROWS: readonly ServerRow[] = [
  {
    name: "a namespace that is gone: the host gives its lease back",
    requirements: () => NEEDS,
    run: async (stage) => {
      const { container, address } = await leased(stage);
      container.remove();
      await givenBack(stage, address);
      assertEquals((await stage.host.call("DEL", container)).code, 0);
    },
  },
  {
    name: "an interface that is gone: the host gives its lease back at DEL",
    requirements: () => NEEDS,
    run: async (stage) => {
      const { host } = stage;
      const { daemon, container, address } = await leased(stage);
      container.ip("link del eth0");
      await stage.until(
        "word of it",
        () => daemon.log.includes("event=interface-removed"),
      );
      await stage.serverHas([address]);
      assertEquals((await host.call("DEL", container)).code, 0);
      await givenBack(stage, address);
    },
  },
  {
    name: "a namespace gone while no daemon ran: the next gives the lease back",
    requirements: () => NEEDS,
    run: async (stage) => {
      const { host } = stage;
      const { daemon, container, address } = await leased(stage);
      await daemon.end("SIGKILL");
      container.remove();
      await stage.serverHas([address]);
      await host.daemon();
      await givenBack(stage, address);
    },
  },
];
