import { assertEquals } from "@std/assert";
import { daemonMetrics } from "../../../../lib/host_local/host/daemon_metrics.ts";
import { presentMoment } from "../../../../lib/host_local/store/history_file.ts";
import { networkConfig } from "../../../support/host_local_call.ts";
import { valueOf } from "../../../support/metrics_scrape.ts";
import { ownerText, writeNetwork } from "../../../support/network_directory.ts";
import { TempDir } from "../../../support/temp_dir.ts";

const NET = 'network="net",directory="/var/lib/cni/networks/net"';

function textOf(
  hostPrefix: string,
  monotonicMs = (): number => 0,
): () => Promise<string> {
  return daemonMetrics({
    hostPrefix,
    version: "1.2.3",
    startMs: 5000,
    monotonicMs,
    callFamilies: () => [{ name: "x", help: "X", type: "gauge", samples: [] }],
  });
}

/** Configures a network of the host, with these keys of `ipam`. */
async function writeConfig(
  host: TempDir,
  ipam: Readonly<Record<string, unknown>>,
): Promise<void> {
  await Deno.mkdir(host.join("etc/cni/net.d"), { recursive: true });
  await Deno.writeTextFile(
    host.join("etc/cni/net.d/a.conf"),
    networkConfig({
      dataDir: "/var/lib/cni/networks",
      subnets: ["10.1.0.0/29"],
      ipam,
    }),
  );
}

Deno.test("the metrics of the resident process are those of the networks below the prefix", async () => {
  using host = new TempDir();
  writeNetwork(host.join("var/lib/cni/networks/net"), {
    "10.1.0.2": ownerText("c1"),
    "10.9.0.2": ownerText("c2"),
  });
  await writeConfig(host, {});
  const text = await textOf(host.path)();
  assertEquals(
    [
      'cni_host_local_build_info{version="1.2.3"}',
      "process_start_time_seconds",
      `cni_host_local_network_reserved_addresses{${NET}}`,
      `cni_host_local_range_set_addresses{${NET},range_set="10.1.0.1-10.1.0.6"}`,
      `cni_host_local_range_set_reserved_addresses{${NET},range_set="10.1.0.1-10.1.0.6"}`,
      "cni_host_local_networks_unreadable",
    ].map((series) => valueOf(text, series)),
    [1, 5, 2, 5, 1, 0],
  );
  assertEquals(text.includes("# TYPE x gauge\n"), true);
});

Deno.test("the metrics of the resident process count what cools down, unless others can write the history", async () => {
  using host = new TempDir();
  const { bootId, uptimeSeconds, atMs } = presentMoment();
  const directory = host.join("var/lib/cni/networks/net");
  writeNetwork(directory, {
    ".history": `10.1.0.2 eth0 c1 - 0 ${bootId} ${uptimeSeconds} ${atMs}\n`,
  });
  await writeConfig(host, { cooldownSeconds: 3600 });
  const cooling = async (): Promise<number | undefined> =>
    valueOf(
      await textOf(host.path)(),
      `cni_host_local_range_set_cooling_addresses{${NET},range_set="10.1.0.1-10.1.0.6"}`,
    );
  assertEquals(await cooling(), 1);
  await Deno.chmod(directory, 0o777);
  assertEquals(await cooling(), 0);
});

Deno.test("the metrics of the resident process do without configurations and networks", async () => {
  using host = new TempDir();
  const text = await textOf(host.path)();
  assertEquals(valueOf(text, "cni_host_local_networks_unreadable"), 0);
});

for (
  const { name, readMs, pauseMs } of [
    { name: "ten seconds", readMs: 50, pauseMs: 10_000 },
    {
      name: "a hundred times as long as it takes",
      readMs: 150,
      pauseMs: 15_000,
    },
  ]
) {
  Deno.test(`the addresses are counted again after ${name}`, async () => {
    using host = new TempDir();
    let nowMs = 0;
    // Each reading of the clock is later, the last one at the end.
    const times = [0, readMs];
    const text = textOf(host.path, () => times.shift() ?? nowMs);
    await text();
    writeNetwork(host.join("var/lib/cni/networks/net"), {
      "10.1.0.2": ownerText("c1"),
    });
    const series = `cni_host_local_network_reserved_addresses{${NET}}`;
    nowMs = readMs + pauseMs - 1;
    assertEquals(valueOf(await text(), series), undefined);
    nowMs++;
    assertEquals(valueOf(await text(), series), 1);
  });
}
