/**
 * Our plugin with upstream's daemon, and upstream's plugin with ours: an upgrade replaces one
 * before the other.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { startDhcpDaemon } from "../../../tools/lab/dhcp_daemon.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import { cniEnv } from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { testRowsWith } from "../../support/rows.ts";
import { type CallOptions, DhcpHost, type Outcome } from "./dhcp_host.ts";

const UPSTREAM = `${UPSTREAM_DIR}/dhcp`;
const WARNING = "event=upstream-daemon-found";

/** A host with one container, and daemons and plugins of both projects. */
class MixedHost implements AsyncDisposable {
  readonly host = new DhcpHost();
  readonly container: TestNetns = this.host.container();

  /** Starts a daemon of either project. */
  async daemon(binary: string): Promise<BackgroundProcess> {
    const { socketPath, daemonLogFile } = this.host;
    await Deno.mkdir(this.host.directory.join("run"), { recursive: true });
    return await startDhcpDaemon(binary, {
      socketPath,
      logFile: daemonLogFile,
    });
  }

  /** Calls a plugin of either project, in a version that both support. */
  async call(
    binary: string,
    command: string,
    options: CallOptions = {},
  ): Promise<Outcome> {
    return await this.host.call(command, this.container, {
      binary,
      ...options,
      config: { cniVersion: "1.0.0", ...options.config },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
  }
}

const NEEDS = [
  "root",
  "command:dnsmasq",
  `binary:${DHCP_BIN}`,
  `binary:${UPSTREAM}`,
] as const;

const PAIRS = [
  {
    name: "our plugin and upstream's daemon",
    plugin: DHCP_BIN,
    daemon: UPSTREAM,
    warning: WARNING,
  },
  {
    name: "upstream's plugin and our daemon",
    plugin: UPSTREAM,
    daemon: DHCP_BIN,
    warning: "",
  },
];

testRowsWith(
  NEEDS,
  "ADD, CHECK and DEL work with",
  PAIRS,
  async ({ plugin, daemon, warning }) => {
    await using pair = new MixedHost();
    const { host, container } = pair;
    await using server = await host.dnsmasq({
      extra: ["--dhcp-option=33,10.0.0.0,192.0.2.7"],
    });
    await using _daemon = await pair.daemon(daemon);
    container.ip("link set eth0 up");
    const options = {
      ipam: {
        request: [{ option: "33" }],
        provide: [{ option: "host-name", fromArg: "K8S_POD_NAME" }],
      },
      cniArgs: "IgnoreUnknown=1;K8S_POD_NAME=web-0",
    };
    const added = await pair.call(plugin, "ADD", options);
    assertEquals(added.code, 0, JSON.stringify(added.json));
    const lease = await server.onlyLease();
    const result = added.json;
    assertEquals(result.ips, [{
      address: `${lease.address}/24`,
      gateway: "192.0.2.1",
    }]);
    assertEquals(result.routes, [
      { dst: "10.0.0.0/8", gw: "192.0.2.7" },
      { dst: "0.0.0.0/0", gw: "192.0.2.1" },
    ]);
    assertEquals(
      [lease.hostName, lease.clientId],
      ["web-0", "00:63:31:2f:6e:65:74:2f:65:74:68:30"],
    );
    assert(added.stderr.includes(warning), added.stderr);
    container.ip(`addr add ${lease.address}/24 dev eth0`);
    const checked = await pair.call(plugin, "CHECK", {
      ...options,
      config: { prevResult: result },
    });
    assertEquals([checked.code, checked.json], [0, undefined]);
    const deleted = await pair.call(plugin, "DEL", options);
    assertEquals([deleted.code, deleted.json], [0, undefined]);
    const again = await pair.call(plugin, "DEL", options);
    assertEquals([again.code, again.json], [0, undefined]);
    if (daemon === DHCP_BIN) {
      await server.untilNoLease();
      assertEquals(host.stateFiles, []);
    }
  },
);

testRowsWith(
  NEEDS,
  "a failing ADD reports the reason with",
  PAIRS,
  async ({ plugin, daemon }) => {
    await using pair = new MixedHost();
    await using _daemon = await pair.daemon(daemon);
    const outcome = await pair.call(plugin, "ADD", { ifName: "eth7" });
    assertEquals(outcome.code, 1);
    assertEquals(
      [outcome.json.code, outcome.json.msg],
      [
        999,
        'error calling DHCP.Allocate: error looking up "eth7": Link not found',
      ],
    );
    // The daemon still serves.
    assertEquals((await pair.call(plugin, "DEL")).code, 0);
  },
);

testRowsWith(
  NEEDS,
  "either plugin deletes what the other added, with",
  PAIRS,
  async ({ plugin, daemon }) => {
    await using pair = new MixedHost();
    const { host, container } = pair;
    await using server = await host.dnsmasq();
    await using _daemon = await pair.daemon(daemon);
    container.ip("link set eth0 up");
    const other = plugin === DHCP_BIN ? UPSTREAM : DHCP_BIN;
    assertEquals((await pair.call(plugin, "ADD")).code, 0);
    const { address: first } = await server.onlyLease();
    const repeated = await pair.call(other, "ADD");
    assertEquals(
      repeated.json.ips[0].address,
      `${first}/24`,
    );
    assertEquals((await pair.call(other, "DEL")).code, 0);
    if (daemon === DHCP_BIN) {
      await server.untilNoLease();
    }
  },
);

testWith(
  NEEDS,
  "the next ADD returns the same address after our daemon replaces upstream's, and the reverse",
  async () => {
    await using pair = new MixedHost();
    const { host, container } = pair;
    await using _server = await host.dnsmasq();
    container.ip("link set eth0 up");
    const addresses: string[] = [];
    for (const daemon of [UPSTREAM, DHCP_BIN, UPSTREAM]) {
      await using _daemon = await pair.daemon(daemon);
      const { code, json } = await pair.call(DHCP_BIN, "ADD");
      assertEquals(code, 0, JSON.stringify(json));
      addresses.push(json.ips[0].address);
    }
    assertEquals(new Set(addresses).size, 1, addresses.join());
  },
);

testWith(
  ["root", `binary:${DHCP_BIN}`, `binary:${UPSTREAM}`],
  "the daemon cancels the ADD of a killed upstream plugin",
  async () => {
    await using host = new DhcpHost();
    const daemon = await host.daemon();
    const container = host.container();
    const plugin = new Deno.Command(UPSTREAM, {
      clearEnv: true,
      env: cniEnv("ADD", { netns: container.path }),
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const config = JSON.stringify({
      cniVersion: "1.0.0",
      name: "net",
      ipam: { type: "dhcp", daemonSocketPath: host.socketPath },
    });
    await new Response(config).body?.pipeTo(plugin.stdin);
    await waitUntil(
      "DISCOVER",
      () => daemon.log.includes("DHCPDISCOVER"),
    );
    plugin.kill("SIGKILL");
    await plugin.status;
    await waitUntil(
      "release",
      () => daemon.log.includes("event=release-started"),
    );
    await waitUntil(
      "empty state",
      () => host.stateFiles.length === 0,
    );
  },
);

const MAX_REQUEST = 4 * 1024 * 1024;

testWith(
  ["root", `binary:${DHCP_BIN}`, `binary:${UPSTREAM}`],
  "our daemon reads configurations of any size up to 4 MiB from upstream's plugin",
  async () => {
    await using pair = new MixedHost();
    await using _daemon = await pair.daemon(DHCP_BIN);
    const call = async (padding: number): Promise<Outcome> =>
      await pair.call(UPSTREAM, "DEL", {
        config: { padding: "x".repeat(padding) },
      });
    const small = [0, 5000, 20_000, 100_000, 200_000, 400_000];
    for (const padding of [...small, MAX_REQUEST - 1000]) {
      const calls = padding < 50_000 ? 20 : 5;
      for (let count = 0; count < calls; count++) {
        const { code, json } = await call(padding);
        assertEquals([code, json], [0, undefined], `${padding} bytes`);
      }
    }
    const { code, json } = await call(2 * MAX_REQUEST);
    assertEquals(code, 1);
    assert(
      /^error calling DHCP\.Release: Cannot decode a message of \d+ bytes: expected at most 4194304$/
        .test(json.msg),
      json.msg,
    );
  },
);
