/** Podman runs a container with each configuration of docs/recipes/ that has dhcp. @module */

import { assertEquals } from "@std/assert";
import { readConfigDocument } from "../../../lib/cni/config_document.ts";
import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { Dnsmasq } from "../../../tools/lab/dnsmasq.ts";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { PODMAN_NEEDS, PodmanHost } from "../../support/podman_host.ts";
import { nameOf, readRecipes } from "../../support/recipes.ts";
import { missing, skipped, testWith } from "../../support/requirements.ts";

const NEEDS = [
  ...PODMAN_NEEDS,
  "command:dnsmasq",
  `binary:${UPSTREAM_DIR}/macvlan`,
  `binary:${DHCP_BIN}`,
] as const;

for (const { name, document } of readRecipes()) {
  const { configs } = readConfigDocument(JSON.stringify(document));
  const ipam = configs.find(({ ipamType }) => ipamType === "dhcp")?.json;
  if (ipam === undefined) continue;
  const title = `podman runs a container with the recipe ${name}`;
  const reason = missing(...NEEDS) ?? macvlanRefusal();
  if (reason !== undefined) {
    skipped(title, reason);
    continue;
  }
  testWith([], title, async () => {
    await using resources = new AsyncDisposableStack();
    const daemons: BackgroundProcess[] = [];
    // They end with the other processes of the host.
    resources.defer(async () => {
      for (const each of daemons) await each.wait();
    });
    const host = resources.use(
      await PodmanHost.start(`${UPSTREAM_DIR}/host-local`),
    );
    await host.usePlugin(DHCP_BIN, "dhcp");
    const link = ["eth0", "type", "veth", "peer", "name", "lan0"];
    await host.run("ip", "link", "add", ...link);
    await host.run("ip", "addr", "add", "192.0.2.1/24", "dev", "lan0");
    for (const each of ["lan0", "eth0"]) {
      await host.run("ip", "link", "set", each, "up");
    }
    const server = resources.use(
      await Dnsmasq.start({
        enter: host.enterWithoutPids,
        folder: host.folder,
        ifName: "lan0",
      }),
    );
    const daemon = await BackgroundProcess.start(
      [...host.enter, DHCP_BIN, "daemon"],
      { logFile: host.path("daemon.log") },
    );
    await daemon.until(
      "daemon",
      async () =>
        (await host.run("cat", "/proc/net/unix")).includes(
          "/run/cni/dhcp.sock",
        ),
    );

    const network = nameOf(document);
    await host.addPlugins(
      network,
      configs.map(({ json }) => withoutRoutes(json)),
    );
    const id = await host.runContainer([network]);
    const inside = await host.addressesInside(id);
    assertEquals(
      inside.map(({ address }) => address),
      [(await server.onlyLease()).address],
    );
    const routes = await host.podman("exec", id, "ip", "route");
    const hasGateway = !JSON.stringify(ipam).includes('"gateway"');
    assertEquals(routes.includes("default via 192.0.2.1"), hasGateway, routes);
    await host.podman("rm", "-f", "-t", "0", id);
    await server.untilNoLease();
  });
}

/** Podman ignores a network in whose `ipam` the key `routes` is not a list. */
function withoutRoutes(config: Readonly<Record<string, unknown>>): unknown {
  const { routes: _, ...ipam } = config["ipam"] as Record<string, unknown>;
  return { ...config, ipam };
}

/** Why the kernel cannot create a macvlan interface; undefined if it can. */
function macvlanRefusal(): string | undefined {
  using netns = new TestNetns();
  netns.ip("link add eth0 type veth peer name eth1");
  try {
    netns.ip("link add sub link eth0 type macvlan mode bridge");
    return undefined;
  } catch {
    return `kernel ${Deno.osRelease()} has no macvlan`;
  }
}
