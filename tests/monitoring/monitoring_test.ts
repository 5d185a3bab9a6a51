/**
 * What the compiled executables print for Prometheus, and what deploy/monitoring makes of it.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { BackgroundProcess } from "../../tools/lab/background_process.ts";
import { DHCP_BIN, OURS, REPO_ROOT } from "../support/binaries.ts";
import { callHostLocal, networkConfig } from "../support/host_local_call.ts";
import {
  familyNames,
  metricNames,
  metricsAddress,
  PROMTOOL,
  promtool,
  scrape,
  valueOf,
} from "../support/metrics_scrape.ts";
import { ownerText, writeNetwork } from "../support/network_directory.ts";
import { runPlugin } from "../support/plugin_process.ts";
import { testWith } from "../support/requirements.ts";
import {
  RESIDENT_REQUIREMENTS,
  ResidentHostLocal,
} from "../support/resident_host_local.ts";
import { TempDir } from "../support/temp_dir.ts";

const MONITORING = `${REPO_ROOT}/deploy/monitoring`;
const RULES = `${MONITORING}/alerts.yaml`;
const DASHBOARD = `${MONITORING}/dashboard.json`;

/** Runs `host-local metrics` for the networks of a directory. */
async function textfileMetrics(
  dir: TempDir,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string }> {
  return await runPlugin({
    binary: OURS,
    args: [
      "metrics",
      ...["--data-dir", dir.join("data"), "--config", dir.join("net.conf")],
      ...args,
    ],
    env: {},
  });
}

function namesOf(dir: TempDir): string[] {
  return [...Deno.readDirSync(dir.path)].map(({ name }) => name).sort();
}

/** A network with three of six addresses, and one that has no configuration. */
async function exampleNetworks(dir: TempDir): Promise<void> {
  await Deno.writeTextFile(
    dir.join("net.conf"),
    networkConfig({ dataDir: dir.join("data"), subnets: ["10.1.0.0/29"] }),
  );
  writeNetwork(dir.join("data/net"), {
    "lock": "",
    "last_reserved_ip.0": "10.1.0.4",
    "10.1.0.2": ownerText("c1"),
    "10.1.0.3": ownerText("c2"),
    "10.1.0.4": ownerText("c3"),
    "10.9.0.1": ownerText("c4"),
  });
  writeNetwork(dir.join("data/other"), { "10.2.0.2": ownerText("c5") });
}

/** Returns the names that an expression of PromQL has. */
function namesIn(expression: string): readonly string[] {
  return expression.match(/\b(?:cni_(?:dhcp|host_local)|process)_\w+/g) ?? [];
}

/** Returns every expression of the dashboard, with a value for each variable. */
async function dashboardExpressions(): Promise<readonly string[]> {
  const texts: string[] = [];
  JSON.parse(await Deno.readTextFile(DASHBOARD), (key, value) => {
    if (key === "expr") texts.push(value);
    return value;
  });
  return texts.map((text) =>
    text.replaceAll("$__rate_interval", "5m").replaceAll("$instance", ".*")
  );
}

testWith(
  [`binary:${OURS}`],
  "host-local metrics counts the addresses of every network",
  async () => {
    using dir = new TempDir();
    await exampleNetworks(dir);
    const { code, stdout } = await textfileMetrics(dir);
    assertEquals(code, 0);
    const net = `network="net",directory="${dir.join("data/net")}"`;
    const set = `{${net},range_set="10.1.0.1-10.1.0.6"}`;
    const other = `network="other",directory="${dir.join("data/other")}"`;
    assertEquals(
      [
        `cni_host_local_range_set_addresses${set}`,
        `cni_host_local_range_set_reserved_addresses${set}`,
        `cni_host_local_network_reserved_addresses{${net}}`,
        `cni_host_local_network_reserved_addresses{${other}}`,
        "cni_host_local_networks_unreadable",
      ].map((series) => valueOf(stdout, series)),
      [5, 3, 4, 1, 0],
    );
  },
);

testWith(
  [`binary:${OURS}`],
  "host-local metrics --output replaces the file at once, for every user to read",
  async () => {
    using dir = new TempDir();
    await exampleNetworks(dir);
    const path = dir.join("host-local.prom");
    await Deno.writeTextFile(path, "old");
    using old = await Deno.open(path);
    const { code, stdout } = await textfileMetrics(dir, "--output", path);
    assertEquals([code, stdout], [0, `2 networks written to ${path}\n`]);
    assertMatch(
      await Deno.readTextFile(path),
      /^cni_host_local_networks_unreadable 0$/m,
    );
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o644);
    // A reader of the old file does not see the new one.
    assertEquals(await new Response(old.readable).text(), "old");
    assertEquals(namesOf(dir), ["data", "host-local.prom", "net.conf"]);
  },
);

testWith(
  [PROMTOOL, `binary:${OURS}`],
  "promtool finds nothing wrong with the output of host-local metrics",
  async () => {
    using dir = new TempDir();
    await exampleNetworks(dir);
    const { stdout } = await textfileMetrics(dir);
    assertEquals(await promtool(["check", "metrics"], stdout), "");
  },
);

testWith(
  [PROMTOOL],
  "promtool finds nothing wrong with the alert rules, and their tests pass",
  async () => {
    assertEquals(await promtool(["check", "rules", RULES]), "");
    assertEquals(
      await promtool(["test", "rules", `${MONITORING}/alerts_test.yaml`]),
      "",
    );
  },
);

testWith(
  [PROMTOOL],
  "promtool finds nothing wrong with the expressions of the dashboard",
  async () => {
    using dir = new TempDir();
    const expressions = await dashboardExpressions();
    const rules = expressions.map((expr, index) => ({
      record: `panel:${index}`,
      expr,
    }));
    const path = dir.join("rules.yaml");
    // JSON is YAML.
    await Deno.writeTextFile(
      path,
      JSON.stringify({ groups: [{ name: "dashboard", rules }] }),
    );
    assertEquals(await promtool(["check", "rules", path]), "");
    assert(rules.length > 10);
  },
);

Deno.test("docs/monitoring.md explains every alert", async () => {
  const page = await Deno.readTextFile(`${REPO_ROOT}/docs/monitoring.md`);
  const rules = await Deno.readTextFile(RULES);
  const explained = [...page.matchAll(/^\| `(Cni\w+)`/gm)];
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)];
  assertEquals(
    explained.map(([, name]) => name),
    alerts.map(([, name]) => name),
  );
});

testWith(
  [...RESIDENT_REQUIREMENTS, `binary:${DHCP_BIN}`, PROMTOOL],
  "the daemons serve every metric that the dashboard and the rules name, and docs/monitoring.md explains each",
  async () => {
    using dir = new TempDir();
    await using resident = await ResidentHostLocal.start({
      flags: ["-metrics", "127.0.0.1:0"],
    });
    await using dhcp = await BackgroundProcess.start([
      ...[DHCP_BIN, "daemon", "-socketpath", dir.join("dhcp.sock")],
      ...["-metrics", `unix:${dir.join("metrics.sock")}`],
    ], { logFile: dir.join("log"), ready: "event=serving" });
    const config = networkConfig({
      dataDir: dir.join("data"),
      subnets: ["10.1.0.0/30"],
    });
    const call = { binary: resident.binary, command: "ADD", config };
    assertEquals((await callHostLocal(call)).code, 0);
    const full = await callHostLocal({ ...call, containerId: "c2" });
    assertEquals(full.code, 1);
    const { code } = JSON.parse(full.stdout);

    const ofHostLocal = await scrape(metricsAddress(resident.daemon.log));
    const ofDhcp = await scrape(metricsAddress(dhcp.log));
    for (const text of [ofHostLocal, ofDhcp]) {
      assertEquals(await promtool(["check", "metrics"], text), "");
    }
    const calls = "cni_host_local_calls_total";
    assertEquals(
      [
        `${calls}{command="ADD",code="0"}`,
        `${calls}{command="ADD",code="${code}"}`,
        `${calls}{command="DEL",code="0"}`,
        'cni_host_local_call_duration_seconds_count{command="ADD"}',
        "cni_host_local_calls_running",
      ].map((series) => valueOf(ofHostLocal, series)),
      [1, 1, 0, 2, 0],
    );
    const served = new Set(
      [ofHostLocal, ofDhcp].flatMap((text) => metricNames(text)),
    );
    const page = await Deno.readTextFile(`${REPO_ROOT}/docs/monitoring.md`);
    const explained = [...page.matchAll(/^\| `((?:cni|process)_\w+)`/gm)]
      .map(([, name = ""]) => name);
    assertEquals(
      explained.sort(),
      [...new Set([ofHostLocal, ofDhcp].flatMap(familyNames))].sort(),
    );
    const rules = await Deno.readTextFile(RULES);
    const expressions = [...await dashboardExpressions(), rules];
    const named = new Set(expressions.flatMap(namesIn));
    assertEquals([...named].filter((name) => !served.has(name)), []);
    assert(named.size > 15);
  },
);

for (
  const { name, daemon } of [
    {
      name: "host-local daemon",
      daemon: [OURS, "daemon"],
    },
    {
      name: "dhcp daemon",
      daemon: [DHCP_BIN, "daemon"],
    },
  ]
) {
  testWith(
    [`binary:${OURS}`, `binary:${DHCP_BIN}`, "root"],
    `${name} serves calls although the address of -metrics is taken`,
    async () => {
      using dir = new TempDir();
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const address = `127.0.0.1:${taken.addr.port}`;
      await using process = await BackgroundProcess.start([
        ...[...daemon, "-socketpath", dir.join("calls.sock")],
        ...["-metrics", address],
      ], { logFile: dir.join("log"), ready: "event=serving" });
      assertMatch(
        process.log,
        new RegExp(
          `level=error event=metrics-not-served metrics=${address} reason=.* advice=`,
        ),
      );
      // As the line of a daemon without metrics.
      assertEquals(metricsAddress(process.log), "");
    },
  );
}

testWith(
  [`binary:${DHCP_BIN}`, "root"],
  "a daemon logs JSON with -log-format json, with priorities if journald reads it",
  async () => {
    using dir = new TempDir();
    const logFile = dir.join("log");
    const start =
      'exec env JOURNAL_STREAM="$(stat -L -c %d:%i /dev/stderr)" "$@"';
    await using daemon = await BackgroundProcess.start([
      ...["sh", "-c", start, "sh", DHCP_BIN, "daemon", "-log-format", "json"],
      ...["-socketpath", dir.join("dhcp.sock")],
    ], { logFile, ready: '"event":"serving"' });
    const [line = ""] = daemon.log.split("\n").filter((line) =>
      line.includes('"serving"')
    );
    assertMatch(line, /^<6>\{/);
    const { time, level, event, socket } = JSON.parse(line.slice(3));
    assertEquals([level, event, socket], [
      "info",
      "serving",
      dir.join("dhcp.sock"),
    ]);
    assertMatch(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  },
);

testWith(
  [`binary:${DHCP_BIN}`, "root"],
  "a daemon whose stderr is not the stream of journald logs no priorities",
  async () => {
    using dir = new TempDir();
    await using daemon = await BackgroundProcess.start([
      ...["env", "JOURNAL_STREAM=1:2", DHCP_BIN, "daemon"],
      ...["-socketpath", dir.join("dhcp.sock")],
    ], { logFile: dir.join("log"), ready: "event=serving" });
    assertMatch(daemon.log, /^time=/);
  },
);
