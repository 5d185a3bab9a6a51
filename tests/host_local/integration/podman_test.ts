/** Podman starts and removes containers whose addresses come from host-local. @module */

import { assertEquals } from "@std/assert";
import { OURS, UPSTREAM } from "../../support/binaries.ts";
import { ownerText, readNetwork } from "../../support/network_directory.ts";
import { PODMAN_NEEDS, PodmanHost } from "../../support/podman_host.ts";
import {
  type ParallelRow,
  testRowsInParallel,
} from "../../support/parallel_rows.ts";
import { soon } from "../../support/waiting.ts";

const BLUE = ["10.81.0.0/24", "fd00:81::/64"];
const GREEN = ["10.82.0.0/24"];

/** Returns the address files of the networks: name to content. */
function reservedIn(
  host: PodmanHost,
  ...networks: readonly string[]
): Record<string, string> {
  return Object.fromEntries(
    networks.flatMap((
      network,
    ) => [...readNetwork(host.networkDirectory(network)).addresses]),
  );
}

/** Returns the address files that must exist for the addresses inside the containers. */
async function filesOf(
  host: PodmanHost,
  ids: readonly string[],
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const id of ids) {
    for (const { address, ifName } of await host.addressesInside(id)) {
      files[address] = ownerText(id, ifName);
    }
  }
  return files;
}

const ROWS: readonly ParallelRow[] = [{
  name: "addresses are reserved for exactly the containers that have them",
  run: async () => {
    await using host = await PodmanHost.start(OURS);
    await host.addNetwork("blue", BLUE);
    await host.addNetwork("green", GREEN);

    // Two concurrent ones on one network, then one on two networks.
    const pair = await Promise.all([
      host.runContainer(["blue"]),
      host.runContainer(["blue"]),
    ]);
    const third = await host.runContainer(["blue", "green"]);

    const files = await filesOf(host, [...pair, third]);
    assertEquals(Object.keys(files).length, 2 + 2 + 3);
    assertEquals(reservedIn(host, "blue", "green"), files);

    await host.podman("rm", "-f", "-t", "0", third);
    assertEquals(reservedIn(host, "green"), {});
    assertEquals(reservedIn(host, "blue"), await filesOf(host, pair));
    await host.podman("rm", "-f", "-t", "0", ...pair);
    assertEquals(reservedIn(host, "blue"), {});
  },
}, {
  name:
    "a restarted container gets an address, and releases it when it is removed",
  run: async () => {
    await using host = await PodmanHost.start(OURS);
    await host.addNetwork("blue", BLUE);
    const id = await host.runContainer(["blue"]);
    await host.podman("stop", "-t", "0", id);
    assertEquals(reservedIn(host, "blue"), {});
    await host.podman("start", id);
    const files = await filesOf(host, [id]);
    assertEquals(Object.keys(files).length, 2);
    assertEquals(reservedIn(host, "blue"), files);
    await host.podman("rm", "-f", "-t", "0", id);
    assertEquals(reservedIn(host, "blue"), {});
  },
}];

/** A plugin that fails each DEL leaves what `reclaim` is for. */
const FAILING = "/bin/false";

/** Runs `host-local reclaim` on the host; status 1 is an answer, too. */
async function reclaim(
  host: PodmanHost,
  ...args: readonly string[]
): Promise<Record<"reclaimable" | "kept", readonly string[]>> {
  const command = [OURS, "reclaim", "--json", "--data-dir", host.path("data")];
  const script = '"$@" || test $? = 1';
  const stdout = await host.run("sh", "-c", script, "sh", ...command, ...args);
  const found = JSON.parse(stdout);
  const addresses = (key: string): readonly string[] =>
    found[key].map(({ address }: { address: string }) => address).sort();
  return { reclaimable: addresses("reclaimable"), kept: addresses("kept") };
}

const RECLAIMED: readonly ParallelRow[] = [
  { name: "this plugin", from: OURS },
  { name: "upstream's plugin", from: UPSTREAM },
].map(({ name, from }) => ({
  name:
    `reclaim releases what ${name} reserved for containers that are killed or removed, and nothing else`,
  run: async () => {
    await using host = await PodmanHost.start(from);
    await host.addNetwork("blue", BLUE);
    await host.addNetwork("green", GREEN);
    const live = await host.runContainer(["blue", "green"]);
    const killed = await host.runContainer(["blue"], ["--rm"]);
    const removed = await host.runContainer(["green"]);
    const stopped = await host.runContainer(["green"]);
    const lost = await filesOf(host, [killed, removed]);
    const used = await filesOf(host, [live, stopped]);

    await host.usePlugin(FAILING);
    const pid = await host.podman("inspect", "-f", "{{.State.Pid}}", killed);
    await host.run("kill", "-9", pid.trim());
    // Podman removes it then.
    const storage = `/run/containers/storage/vfs-containers/${killed}`;
    const wait = `while [ -e ${storage} ]; do sleep 0.1; done`;
    await soon(host.run("sh", "-c", wait), "removal by podman");
    await host.podman("rm", "-f", "-t", "0", removed);
    // It exists and can be started again, so podman may still send a DEL.
    await host.podman("stop", "-t", "0", stopped);
    await host.usePlugin(from);
    assertEquals(reservedIn(host, "blue", "green"), { ...lost, ...used });

    const found = { reclaimable: Object.keys(lost), kept: Object.keys(used) };
    found.reclaimable.sort();
    found.kept.sort();
    const young = await reclaim(host, "--yes");
    assertEquals(young.reclaimable, []);
    assertEquals(await reclaim(host, "--grace", "0"), found);
    assertEquals(reservedIn(host, "blue", "green"), { ...lost, ...used });

    assertEquals(await reclaim(host, "--grace", "0", "--yes"), found);
    assertEquals(reservedIn(host, "blue", "green"), used);
    assertEquals(
      await filesOf(host, [live]),
      Object.fromEntries(
        Object.entries(used).filter(([, owner]) => owner.startsWith(live)),
      ),
    );
  },
}));

const REPLACED: readonly ParallelRow[] = [
  { name: "upgrade from upstream's binary", from: UPSTREAM, to: OURS },
  { name: "rollback to upstream's binary", from: OURS, to: UPSTREAM },
].map(({ name, from, to }) => ({
  name: `${name} while containers run`,
  run: async () => {
    await using host = await PodmanHost.start(from);
    await host.addNetwork("blue", BLUE);
    const old = [
      await host.runContainer(["blue"]),
      await host.runContainer(["blue"]),
    ];
    await host.usePlugin(to);
    const fresh = await host.runContainer(["blue"]);
    const files = await filesOf(host, [...old, fresh]);
    assertEquals(Object.keys(files).length, 6);
    assertEquals(reservedIn(host, "blue"), files);
    await host.podman("rm", "-f", "-t", "0", ...old);
    assertEquals(
      reservedIn(host, "blue"),
      await filesOf(host, [fresh]),
    );
    await host.usePlugin(from);
    await host.podman("rm", "-f", "-t", "0", fresh);
    assertEquals(reservedIn(host, "blue"), {});
  },
}));

testRowsInParallel([...PODMAN_NEEDS, `binary:${OURS}`], "podman", [
  ...ROWS,
  ...RECLAIMED,
  ...REPLACED,
]);
