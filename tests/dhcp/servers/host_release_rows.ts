/**
 * Real main plugins that remove the interface before DEL: the host releases the lease, without an
 * address of its own in that network.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { formatHex } from "../../../lib/base/hex.ts";
import { run } from "../../../tools/lab/network_namespace.ts";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { cniEnv, runPlugin } from "../../support/plugin_process.ts";
import type { Requirement } from "../../support/requirements.ts";
import type { ServerRow } from "./server_rows.ts";
import { addressOf, type TestNetwork } from "./test_network.ts";

/** A host on the server's link, without an address there. */
function addHost(network: TestNetwork): TestNetns {
  const host = network.machine("192.0.2.8/24");
  host.ip("addr flush dev eth0");
  network.host.daemonNetns = host;
  return host;
}

/** A main plugin that runs on the host. */
interface MainPlugin {
  readonly type: string;
  readonly host: TestNetns;
  /** More keys of its configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Calls a main plugin, which calls ours. */
async function callMain(
  { host: { directory, socketPath } }: TestNetwork,
  { type, host, config }: MainPlugin,
  command: string,
  container: TestNetns,
): ReturnType<typeof runPlugin> {
  const binary = directory.join(`${type}-on-host`);
  await Deno.writeTextFile(
    binary,
    `#!/bin/sh\nexec /usr/bin/nsenter --net=${host.path} ${UPSTREAM_DIR}/${type}\n`,
    { mode: 0o755 },
  );
  const folder = DHCP_BIN.slice(0, DHCP_BIN.lastIndexOf("/"));
  return await runPlugin({
    binary,
    env: cniEnv(command, {
      netns: container.path,
      extra: { CNI_PATH: folder, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    }),
    stdin: JSON.stringify({
      cniVersion: "1.0.0",
      name: "net",
      type,
      ipam: { type: "dhcp", daemonSocketPath: socketPath },
      ...config,
    }),
  });
}

function needs(type: string): readonly Requirement[] {
  return ["command:nsenter", `binary:${UPSTREAM_DIR}/${type}`];
}

/** Rows that hold with any server. */
export const HOST_RELEASE_ROWS: readonly ServerRow[] = [
  {
    name: "DEL of the bridge plugin releases the lease",
    requirements: () => needs("bridge"),
    run: async (network) => {
      const host = addHost(network);
      // The default bridge of the plugin, with the host's link as a port.
      host.ip("link add cni0 type bridge");
      host.ip("link set eth0 master cni0");
      host.ip("link set cni0 up");
      const main = { type: "bridge", host };
      const daemon = await network.host.daemon();
      const container = network.use(new TestNetns());
      const added = await callMain(network, main, "ADD", container);
      assertEquals(added.code, 0, added.stdout);
      const address = addressOf(JSON.parse(added.stdout).ips[0].address);
      const [{ address: mac }] = container.list("link show dev eth0");
      await network.serverHas([address]);

      const removed = await callMain(network, main, "DEL", container);
      assertEquals(removed.code, 0, removed.stdout);
      await network.serverHas([]);
      const { source, sender } = await network.releasedTo("192.0.2.1");
      assertEquals(source, address);
      assertEquals(formatHex(sender), mac.replaceAll(":", ""));
      await daemon.until("RELEASE", () => daemon.count("via=cni0") === 1);
      assertEquals(network.host.leaseFiles, []);
    },
  },
  {
    name: "a removed namespace of the macvlan plugin releases its lease",
    requirements: () => needs("macvlan"),
    run: async (network) => {
      const host = addHost(network);
      const main = { type: "macvlan", host, config: { master: "eth0" } };
      const daemon = await network.host.daemon();
      const container = network.use(new TestNetns());
      const added = await callMain(network, main, "ADD", container);
      assertEquals(added.code, 0, added.stdout);
      const address = addressOf(JSON.parse(added.stdout).ips[0].address);
      await network.serverHas([address]);
      container.remove();
      await network.serverHas([]);
      const { source } = await network.releasedTo("192.0.2.1");
      assertEquals(source, address);
      await daemon.until("RELEASE", () => daemon.count("via=eth0") === 1);
    },
  },
  {
    name: "a lease of an earlier version is released as far as the host can",
    requirements: () => needs("bridge"),
    run: async (network) => {
      const { host } = network;
      host.daemonNetns = network.machine("192.0.2.8/24");
      const daemon = await host.daemon();
      const container = host.container();
      const address = addressOf(await host.add(container));
      await daemon.end("SIGKILL");
      const [name = ""] = host.leaseFiles;
      const path = `${host.stateDir}/${name}`;
      const { serverMac: _, place, ...rest } = JSON.parse(
        await Deno.readTextFile(path),
      );
      delete place.ifIndex;
      await Deno.writeTextFile(path, JSON.stringify({ ...rest, place }));
      await host.daemon();
      assertEquals((await host.call("CHECK", container)).code, 0);
      run("ip", "-n", container.name, "link", "del", "eth0");
      assertEquals((await host.call("DEL", container)).code, 0);
      await network.serverHas([]);
      const { source } = await network.releasedTo("192.0.2.1");
      assertEquals([source, address !== ""], ["192.0.2.8", true]);
    },
  },
];
