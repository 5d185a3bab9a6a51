/** Our plugin with upstream's daemon, and upstream's plugin with ours: what there is while only one was replaced. @module */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import { eventually } from "../../support/dhcp_polling.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import {
  cniEnv,
  type PluginOutcome,
  runPlugin,
} from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { DhcpHost } from "./dhcp_host.ts";
import { Dnsmasq } from "./dnsmasq.ts";

const UPSTREAM = `${UPSTREAM_DIR}/dhcp`;
const WARNING = "event=upstream-daemon-found";

/** A daemon of either make. */
class AnyDaemon implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  static async start(binary: string, path: string): Promise<AnyDaemon> {
    await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
    const daemon = new AnyDaemon(
      new Deno.Command(binary, {
        args: ["daemon", "-socketpath", path],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn(),
    );
    await eventually("daemon", async () => {
      try {
        (await Deno.connect({ transport: "unix", path })).close();
        return true;
      } catch {
        return undefined; // Not yet.
      }
    });
    return daemon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}

interface CallOptions {
  readonly ipam?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly args?: string;
  readonly ifName?: string;
}

/** A host with a dnsmasq, and calls of either plugin. */
class PairHost implements AsyncDisposable {
  readonly host = new DhcpHost();
  readonly container: TestNetns = this.host.container();

  async call(
    binary: string,
    command: string,
    { ipam = {}, config = {}, args = "", ifName = "eth0" }: CallOptions = {},
  ): Promise<PluginOutcome> {
    return await runPlugin({
      binary,
      env: cniEnv(command, {
        netns: this.container.path,
        ifName,
        extra: { CNI_ARGS: args },
      }),
      stdin: JSON.stringify({
        cniVersion: "1.0.0",
        name: "net",
        ipam: {
          type: "dhcp",
          daemonSocketPath: this.host.socketPath,
          ...ipam,
        },
        ...config,
      }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
  }
}

const PAIRS = [
  {
    name: "our plugin with upstream's daemon",
    plugin: DHCP_BIN,
    daemon: UPSTREAM,
  },
  {
    name: "upstream's plugin with our daemon",
    plugin: UPSTREAM,
    daemon: DHCP_BIN,
  },
];

for (const { name, plugin, daemon } of PAIRS) {
  const needs = [
    "root",
    "command:dnsmasq",
    `binary:${DHCP_BIN}`,
    `binary:${UPSTREAM}`,
  ] as const;
  const warning = plugin === DHCP_BIN ? WARNING : "";

  testWith(needs, `${name}: ADD, CHECK and DEL`, async () => {
    await using pair = new PairHost();
    const { host, container } = pair;
    await using server = await Dnsmasq.start(host.server, host.directory, {
      extra: ["--dhcp-option=33,10.0.0.0,192.0.2.7"],
    });
    await using _daemon = await AnyDaemon.start(daemon, host.socketPath);
    container.ip("link set eth0 up");
    const options = {
      ipam: {
        request: [{ option: "33" }],
        provide: [{ option: "host-name", fromArg: "K8S_POD_NAME" }],
      },
      args: "IgnoreUnknown=1;K8S_POD_NAME=web-0",
    };
    const added = await pair.call(plugin, "ADD", options);
    assertEquals(added.code, 0, added.stdout);
    const [lease] = server.leases;
    const result = JSON.parse(added.stdout);
    assertEquals(result.ips, [{
      address: `${lease?.address}/24`,
      gateway: "192.0.2.1",
    }]);
    assertEquals(result.routes, [
      { dst: "10.0.0.0/8", gw: "192.0.2.7" },
      { dst: "0.0.0.0/0", gw: "192.0.2.1" },
    ]);
    assertEquals(
      [lease?.hostName, lease?.clientId],
      ["web-0", "00:63:31:2f:6e:65:74:2f:65:74:68:30"],
    );
    assert(added.stderr.includes(warning), added.stderr);
    container.ip(`addr add ${lease?.address}/24 dev eth0`);
    const checked = await pair.call(plugin, "CHECK", {
      ...options,
      config: { prevResult: result },
    });
    assertEquals([checked.code, checked.stdout], [0, ""]);
    const deleted = await pair.call(plugin, "DEL", options);
    assertEquals([deleted.code, deleted.stdout], [0, ""]);
    const again = await pair.call(plugin, "DEL", options);
    assertEquals([again.code, again.stdout], [0, ""]);
    if (daemon === DHCP_BIN) {
      await eventually(
        "release",
        () => server.leases.length === 0 || undefined,
      );
      assertEquals(host.stateFiles, []);
    }
  });

  testWith(needs, `${name}: an ADD that fails says why`, async () => {
    await using pair = new PairHost();
    await using _daemon = await AnyDaemon.start(daemon, pair.host.socketPath);
    const outcome = await pair.call(plugin, "ADD", { ifName: "eth7" });
    assertEquals(outcome.code, 1);
    assertEquals(
      [JSON.parse(outcome.stdout).code, JSON.parse(outcome.stdout).msg],
      [
        999,
        'error calling DHCP.Allocate: error looking up "eth7": Link not found',
      ],
    );
    // It goes on serving.
    assertEquals((await pair.call(plugin, "DEL")).code, 0);
  });

  testWith(
    needs,
    `${name}: what one plugin added the other deletes`,
    async () => {
      await using pair = new PairHost();
      const { host, container } = pair;
      await using server = await Dnsmasq.start(host.server, host.directory);
      await using _daemon = await AnyDaemon.start(daemon, host.socketPath);
      container.ip("link set eth0 up");
      const other = plugin === DHCP_BIN ? UPSTREAM : DHCP_BIN;
      assertEquals((await pair.call(plugin, "ADD")).code, 0);
      const first = server.leases[0]?.address;
      const repeated = await pair.call(other, "ADD");
      assertEquals(
        JSON.parse(repeated.stdout).ips[0].address,
        `${first}/24`,
      );
      assertEquals((await pair.call(other, "DEL")).code, 0);
      if (daemon === DHCP_BIN) {
        await eventually(
          "release",
          () => server.leases.length === 0 || undefined,
        );
      }
    },
  );
}

testWith(
  ["root", "command:dnsmasq", `binary:${DHCP_BIN}`, `binary:${UPSTREAM}`],
  "from upstream's daemon to ours, the next ADD has the same address",
  async () => {
    await using pair = new PairHost();
    const { host, container } = pair;
    await using _server = await Dnsmasq.start(host.server, host.directory);
    container.ip("link set eth0 up");
    const addresses: string[] = [];
    for (const daemon of [UPSTREAM, DHCP_BIN, UPSTREAM]) {
      await using _daemon = await AnyDaemon.start(daemon, host.socketPath);
      const { code, stdout } = await pair.call(DHCP_BIN, "ADD");
      assertEquals(code, 0, stdout);
      addresses.push(JSON.parse(stdout).ips[0].address);
    }
    assertEquals(new Set(addresses).size, 1, addresses.join());
  },
);

testWith(
  ["root", `binary:${DHCP_BIN}`, `binary:${UPSTREAM}`],
  "an upstream plugin that is killed takes its ADD back",
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
    await eventually(
      "DISCOVER",
      () => daemon.log.includes("DHCPDISCOVER") || undefined,
    );
    plugin.kill("SIGKILL");
    await plugin.status;
    await eventually(
      "end of the ADD",
      () => daemon.log.includes("event=release-started") || undefined,
    );
    await eventually(
      "empty state",
      () => host.stateFiles.length === 0 || undefined,
    );
  },
);

const MAX_REQUEST = 4 * 1024 * 1024;

testWith(
  ["root", `binary:${DHCP_BIN}`, `binary:${UPSTREAM}`],
  "our daemon reads configurations of any size up to 4 MiB from upstream's plugin",
  async () => {
    await using pair = new PairHost();
    await using _daemon = await AnyDaemon.start(DHCP_BIN, pair.host.socketPath);
    const call = async (padding: number): Promise<PluginOutcome> =>
      await pair.call(UPSTREAM, "DEL", {
        config: { padding: "x".repeat(padding) },
      });
    const small = [0, 5000, 20_000, 100_000, 200_000, 400_000];
    for (const padding of [...small, MAX_REQUEST - 1000]) {
      const calls = padding < 50_000 ? 20 : 5;
      for (let count = 0; count < calls; count++) {
        const { code, stdout } = await call(padding);
        assertEquals([code, stdout], [0, ""], `${padding} bytes of padding`);
      }
    }
    const { code, stdout } = await call(2 * MAX_REQUEST);
    assertEquals(code, 1);
    const { msg } = JSON.parse(stdout);
    assert(
      /^error calling DHCP\.Release: Cannot decode a message of \d+ bytes: expected at most 4194304$/
        .test(msg),
      msg,
    );
  },
);
