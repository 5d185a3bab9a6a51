/**
 * Every command for operators, compiled, on networks of different sizes that upstream's plugin and
 * this one have written to.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { OURS, UPSTREAM } from "../../support/binaries.ts";
import { callHostLocal, networkConfig } from "../../support/host_local_call.ts";
import { reservations, writeNetwork } from "../../support/network_directory.ts";
import { report } from "../../support/report.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { jsonOf, runOperator } from "./command_process.ts";
import { namesIn, treeOf } from "./file_facts.ts";

const SUBNET = "10.1.0.0/16";

/** Returns the addresses that `list` prints, in its order. */
async function listedAddresses(dataDir: string): Promise<string[]> {
  const start = performance.now();
  const { stdout, stderr, code } = await runOperator([
    "list",
    "--data-dir",
    dataDir,
  ]);
  const ms = Math.round(performance.now() - start);
  assertEquals([code, stderr], [0, ""]);
  const rows = stdout.split("\n").filter((line) => line.startsWith("net "));
  report(`list of ${rows.length} reservations: ${ms} ms`);
  return rows.map((row) => row.split(/ +/)[1] ?? "");
}

/** Checks everything that the commands say about a network with so many reservations. */
async function checkCommands(
  { dataDir, config, addresses, containerId }: {
    readonly dataDir: string;
    readonly config: string;
    /** All of them, in order. */
    readonly addresses: readonly string[];
    /** Who holds the last one. */
    readonly containerId: string;
  },
): Promise<void> {
  const used = addresses.length;
  const address = addresses[used - 1] ?? "";
  const data = ["--data-dir", dataDir];
  const configured = [...data, "--config", config];

  assertEquals(await listedAddresses(dataDir), addresses);

  const shown = await jsonOf(["show", ...configured]);
  const [{ rangeSets: [set] }] = shown["networks"] as [
    { rangeSets: [{ used: number; size: number; free: number }] },
  ];
  assertEquals([set.used, set.size - set.free], [used, used]);

  for (const subject of [address, containerId]) {
    const { code, stdout } = await runOperator(["explain", subject, ...data]);
    assertEquals(code, 0, stdout);
    assertMatch(stdout, new RegExp(`^${RegExp.escape(address)}\n`));
    assertMatch(stdout, new RegExp(`container +${containerId}\n`));
  }
  const { adds: [add] } = await jsonOf(["explain", "--config", config]) as {
    adds: [{ document: { ips: [{ address: string }] } }];
  };
  assertMatch(add.document.ips[0].address, /^10\.1\.\d+\.\d+\/16$/);

  const state = await runOperator(["check-state", ...configured]);
  assertEquals(
    [state.code, state.stdout],
    [0, `net (${dataDir}/net): consistent\n`],
  );

  // Of this boot, and without a namespace on record: nothing proves that a container is gone.
  const reclaim = ["reclaim", "--live", "-", "--grace", "0", ...data];
  const { code, stdout } = await runOperator(reclaim, { stdin: "other\n" });
  assertEquals(code, 0, stdout.slice(0, 1000));
  assertMatch(
    stdout,
    new RegExp(`^keeps ${used} reservations?$`, "m"),
  );

  const metrics = await runOperator(["metrics", ...configured]);
  assertMatch(
    metrics.stdout,
    new RegExp(
      `^cni_host_local_range_set_reserved_addresses{.*} ${used}$`,
      "m",
    ),
  );
}

for (const count of [0, 250, 60_000]) {
  testWith(
    [`binary:${UPSTREAM}`],
    `every command reads ${count} reservations, and one more of each plugin`,
    async () => {
      using dir = new TempDir();
      const dataDir = dir.join("data");
      const text = networkConfig({ dataDir, subnets: [SUBNET] });
      const config = dir.join("net.conf");
      await Deno.writeTextFile(config, text);
      const files = reservations(count);
      if (count > 0) writeNetwork(`${dataDir}/net`, files);
      const addresses = Object.keys(files);
      for (const [name, binary] of [["upstream", UPSTREAM], ["ours", OURS]]) {
        const containerId = `new-${name}`;
        const { stdout } = await callHostLocal({
          binary: binary ?? "",
          command: "ADD",
          config: text,
          containerId,
        });
        const [{ address }] = JSON.parse(stdout).ips;
        addresses.push(address.replace(/\/.*/, ""));
        const hasIndex = namesIn(`${dataDir}/net`).includes(".index.db");
        assertEquals(hasIndex, binary === OURS && count > 200);
        const before = count > 250 ? undefined : treeOf(`${dataDir}/net`);
        await checkCommands({ dataDir, config, addresses, containerId });
        if (before !== undefined) {
          assertEquals(treeOf(`${dataDir}/net`), before);
        }
      }
    },
  );
}

Deno.test("validate compares the networks of a directory", async () => {
  using dir = new TempDir();
  const networks: Readonly<Record<string, string>> = {
    "10-front.conf": networkConfig({
      dataDir: "/x",
      subnets: ["10.1.0.0/24"],
      name: "front",
    }),
    "20-back.conf": networkConfig({
      dataDir: "/x",
      subnets: ["10.1.0.128/25"],
      name: "back",
    }),
  };
  for (const [name, text] of Object.entries(networks)) {
    await Deno.writeTextFile(dir.join(name), text);
  }
  const plain = await runOperator(["validate", dir.path]);
  assertEquals(plain.code, 0);
  assertMatch(
    plain.stdout,
    /10\.1\.0\.129-10\.1\.0\.254 shares addresses with/,
  );
  const strict = await runOperator(["validate", "--strict", dir.path]);
  assertEquals(strict.code, 1);
});
