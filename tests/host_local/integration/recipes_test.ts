/** Podman runs a container with each configuration of docs/recipes/ that has host-local. @module */

import { assertEquals, assertNotEquals } from "@std/assert";
import { readConfigDocument } from "../../../lib/cni/config_document.ts";
import { OURS } from "../../support/binaries.ts";
import { PODMAN_NEEDS, PodmanHost } from "../../support/podman_host.ts";
import { nameOf, readRecipes } from "../../support/recipes.ts";
import { report } from "../../support/report.ts";
import { testWith } from "../../support/requirements.ts";

const NETWORKS = readRecipes().map(({ document }) => {
  const { configs } = readConfigDocument(JSON.stringify(document));
  return {
    name: nameOf(document),
    plugins: configs.map(({ json }) => json),
    types: configs.map(({ json }) => json["type"]),
    ipamTypes: configs.map(({ ipamType }) => ipamType),
  };
}).filter(({ ipamTypes }) => ipamTypes.includes("host-local"));

testWith(
  [...PODMAN_NEEDS, `binary:${OURS}`],
  "podman runs a container with each recipe of host-local",
  async () => {
    await using host = await PodmanHost.start(OURS);
    // The master of macvlan.
    await host.run("ip", "link", "add", "eth1", "type", "veth");
    const hasMacvlan = await canAddMacvlan(host);
    for (const { name, plugins, types } of NETWORKS) {
      if (types.includes("macvlan") && !hasMacvlan) {
        report(`SKIP recipe ${name}: the kernel has no macvlan`);
        continue;
      }
      await host.addPlugins(name, plugins);
      const id = await host.runContainer([name]);
      const inside = await host.addressesInside(id);
      assertNotEquals(inside, [], name);
      const reserved = await reservedIn(host, name);
      assertEquals(inside.map(({ address }) => address).sort(), reserved, name);
      await host.podman("rm", "-f", "-t", "0", id);
      assertEquals(await reservedIn(host, name), [], name);
    }
  },
);

/** Returns the addresses that are reserved in a network with the default `dataDir`, sorted. */
async function reservedIn(host: PodmanHost, name: string): Promise<string[]> {
  const names = await host.run("ls", `/var/lib/cni/networks/${name}`);
  return names.split("\n").filter((each) => /^[0-9a-f:.]+$/.test(each)).sort();
}

async function canAddMacvlan(host: PodmanHost): Promise<boolean> {
  const link = ["link", "eth1", "name", "probe"];
  try {
    await host.run("ip", "link", "add", ...link, "type", "macvlan");
    await host.run("ip", "link", "del", "probe");
    return true;
  } catch {
    // The kernel refuses it.
    return false;
  }
}
