/** Calls through the launcher, which the daemon runs itself. @module */

import { assert, assertEquals } from "@std/assert";
import type { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { run } from "../../../tools/lab/network_namespace.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { LAUNCHER_BIN } from "../../support/binaries.ts";
import { DNSMASQ } from "../../support/dhcp_server_dnsmasq.ts";
import {
  encodeRequest,
  GO,
  launch,
  LauncherClient,
  ownRoot,
  PRINTED,
} from "../../support/launcher_client.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";
import { type PluginOutcome, runPlugin } from "../../support/plugin_process.ts";
import { missing } from "../../support/requirements.ts";
import type { CallOptions, DhcpHost } from "./dhcp_host.ts";
import { addressOf, TestNetwork } from "./test_network.ts";

const AT_ONCE = 50;
/** Keeps an ADD waiting until it is cancelled, also if this process cannot run for seconds. */
const LONG_PROBE = { conflictProbeMs: 10_000 };

/** Connects as a launcher, and sends the request of an ADD. */
async function requestAdd(
  host: DhcpHost,
  container: TestNetns,
  options: CallOptions = {},
): Promise<LauncherClient> {
  const { env, stdin } = host.pluginCall("ADD", container, options);
  const client = await LauncherClient.connect(host.socketPath);
  await client.send(encodeRequest({ env, stdin, root: ownRoot() }));
  return client;
}

async function frame(client: LauncherClient, type: string): Promise<string> {
  const received = await client.receiveNext();
  assertEquals(received?.type, type);
  return new TextDecoder().decode(received?.payload.subarray(1));
}

/** When the daemon is killed, and whether the ADD has succeeded by then. */
const POINTS: readonly {
  readonly name: string;
  readonly isPrinted: boolean;
  reach(client: LauncherClient, network: TestNetwork): Promise<string>;
}[] = [
  {
    name: "before the launcher says go",
    isPrinted: false,
    reach: (client) => frame(client, "A"),
  },
  {
    name: "when the launcher says go",
    isPrinted: false,
    reach: async (client) => {
      const nothing = await frame(client, "A");
      await client.send(GO);
      return nothing;
    },
  },
  {
    name: "while the ADD waits and the server has granted the address",
    isPrinted: false,
    reach: async (client, network) => {
      const nothing = await frame(client, "A");
      await client.send(GO);
      await network.until(
        "DHCPREQUEST",
        () => network.wire.messages.some(({ type }) => type === "REQUEST"),
      );
      await network.until("lease", () => network.server.leases.length > 0);
      return nothing;
    },
  },
  {
    name: "before the launcher confirms the result",
    isPrinted: true,
    reach: async (client) => {
      await frame(client, "A");
      await client.send(GO);
      return await frame(client, "O");
    },
  },
  {
    name: "when the launcher confirms the result",
    isPrinted: true,
    reach: async (client) => {
      await frame(client, "A");
      await client.send(GO);
      const document = await frame(client, "O");
      await client.send(PRINTED);
      return document;
    },
  },
  {
    name: "when the ADD is over",
    isPrinted: true,
    reach: async (client) => {
      await frame(client, "A");
      await client.send(GO);
      const document = await frame(client, "O");
      await client.send(PRINTED);
      await frame(client, "X");
      return document;
    },
  },
];

/** Returns the address of a result, which must be one. */
function grantedTo({ code, stdout }: PluginOutcome): string {
  assertEquals(code, 0, stdout);
  return JSON.parse(stdout).ips[0].address;
}

/** Returns the most memory that the daemon has used so far, in MiB. */
function peakMemory({ pid }: BackgroundProcess): number {
  const status = run("cat", `/proc/${pid}/status`);
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function openNetwork(): Promise<TestNetwork> {
  return await TestNetwork.open(DNSMASQ, {
    pool: ["192.0.2.50", "192.0.2.150"],
  });
}

const ROWS: readonly Omit<ParallelRow, "reason">[] = [
  {
    name: "every command through the launcher prints what the plugin prints",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      // Nothing but the daemon can run these calls.
      using launcher = host.launcher({ standalone: false });
      await host.daemon();
      const container = host.container();
      const both = async (
        command: string,
        options: CallOptions = {},
      ): Promise<PluginOutcome> => {
        const call = host.pluginCall(command, container, options);
        const launched = await runPlugin({ ...call, binary: launcher.path });
        assertEquals(launched, await runPlugin(call), command);
        return launched;
      };

      const added = await both("ADD");
      const address = grantedTo(added);
      await network.serverHas([addressOf(address)]);
      container.ip(`addr add ${address} dev eth0`);
      const prevResult = JSON.parse(added.stdout);
      await both("CHECK", { config: { prevResult } });
      await both("CHECK", { config: { prevResult }, containerId: "c2" });
      await both("STATUS");
      await both("VERSION");
      await both("FROB");
      await both("ADD", { ipam: { timeout: "bad" } });
      await both("GC", { config: { "cni.dev/valid-attachments": "bad" } });
      const attachments = [{ containerID: "c1", ifname: "eth0" }];
      await both("GC", {
        config: { "cni.dev/valid-attachments": attachments },
      });
      await network.serverHas([addressOf(address)]);
      await both("DEL");
      await network.serverHas([]);
      assertEquals(host.stateFiles, []);
    },
  },

  {
    name: "the launcher serves 50 ADDs at once",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      // On a busy machine some launchers give up after 2 s and run the standalone executable.
      using launcher = host.launcher();
      const daemon = await host.daemon("-packetrate", "0");
      const containers = Array.from(
        { length: AT_ONCE },
        () => host.container(),
      );
      const all = async (command: string): Promise<readonly PluginOutcome[]> =>
        await Promise.all(containers.map((container, index) =>
          runPlugin({
            ...host.pluginCall(command, container, {
              containerId: `c${index}`,
              ipam: { timeout: "60s" },
            }),
            binary: launcher.path,
          })
        ));
      const addresses = (await all("ADD")).map(grantedTo);
      assertEquals(new Set(addresses).size, AT_ONCE);
      await network.serverHas(addresses.map(addressOf));
      assertEquals((await all("DEL")).filter(({ code }) => code !== 0), []);
      await network.serverHas([]);
      assertEquals(host.stateFiles, []);
      const mebibytes = peakMemory(daemon);
      assert(mebibytes < 150, `the daemon used ${mebibytes} MiB`);
    },
  },

  {
    name: "a launcher that is killed while its ADD waits cancels the ADD",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      using launcher = host.launcher();
      await host.daemon();
      const killed = new AbortController();
      const call = runPlugin({
        ...host.pluginCall("ADD", host.container(), { ipam: LONG_PROBE }),
        binary: launcher.path,
        signal: killed.signal,
      });
      await network.until("lease", () => network.server.leases.length > 0);
      killed.abort();
      await call;
      await network.serverHas([]);
      await waitUntil("no lease file", () => host.stateFiles.length === 0);
    },
  },

  {
    name: "an ADD whose result cannot be printed releases its lease",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      using launcher = host.launcher({ standalone: false });
      await host.daemon();
      const script = host.directory.join("to-full-disk");
      await Deno.writeTextFile(
        script,
        `#!/bin/sh\nexec ${launcher.path} >/dev/full\n`,
        { mode: 0o755 },
      );
      const { code } = await host.call("ADD", host.container(), {
        binary: script,
      });
      assertEquals(code, 1);
      await network.until(
        "RELEASE",
        () => network.wire.messages.some(({ type }) => type === "RELEASE"),
      );
      await network.serverHas([]);
      await waitUntil("no lease file", () => host.stateFiles.length === 0);
    },
  },

  {
    name: "a daemon that stops finishes the ADD of a launcher",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      using launcher = host.launcher({ standalone: false });
      const daemon = await host.daemon();
      const call = runPlugin({
        ...host.pluginCall("ADD", host.container(), {
          ipam: { conflictProbeMs: 3000 },
        }),
        binary: launcher.path,
      });
      await network.until("lease", () => network.server.leases.length > 0);
      daemon.signal("SIGTERM");
      const address = grantedTo(await call);
      assertEquals(await daemon.wait(), 0);
      assert(!daemon.log.includes("event=calls-abandoned"), daemon.log);
      await network.serverHas([addressOf(address)]);
      assertEquals(host.leaseFiles.length, 1);
    },
  },

  {
    name:
      "the standalone executable fails as before if there is no daemon, and works when it is back",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      using launcher = host.launcher();
      const container = host.container();
      const call = host.pluginCall("ADD", container);
      const launched = await runPlugin({ ...call, binary: launcher.path });
      assertEquals(launched, await runPlugin(call));
      assertEquals(JSON.parse(launched.stdout).code, 11);
      await host.daemon();
      const address = grantedTo(
        await runPlugin({ ...call, binary: launcher.path }),
      );
      await network.serverHas([addressOf(address)]);
    },
  },

  {
    name:
      "the ADD of a launcher fails as before if the daemon is killed while it waits",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      using launcher = host.launcher();
      const daemon = await host.daemon();
      const container = host.container();
      const call = runPlugin({
        ...host.pluginCall("ADD", container, { ipam: LONG_PROBE }),
        binary: launcher.path,
      });
      await network.until("lease", () => network.server.leases.length > 0);
      await daemon.end("SIGKILL");
      const { code, stdout } = await call;
      assertEquals([code, JSON.parse(stdout).code], [1, 11], stdout);
      await host.daemon();
      // The runtime deletes what it could not add.
      const del = await host.call("DEL", container, { binary: launcher.path });
      assertEquals(del.code, 0);
      await network.serverHas([]);
      assertEquals(host.stateFiles, []);
    },
  },

  {
    name: "a request that waited in a stopped daemon is not run later",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      using launcher = host.launcher();
      const daemon = await host.daemon();
      const container = host.container();
      daemon.signal("SIGSTOP");
      // A caller that gives up.
      const client = await requestAdd(host, container, { containerId: "gone" });
      client[Symbol.dispose]();
      // One whose launcher runs the standalone executable after two seconds.
      const call = runPlugin({
        ...host.pluginCall("ADD", container),
        binary: launcher.path,
      });
      await new Promise((resolve) => setTimeout(resolve, 3000));
      daemon.signal("SIGCONT");
      const address = grantedTo(await call);
      await network.serverHas([addressOf(address)]);
      assertEquals(host.leaseFiles.length, 1);
      assertEquals(
        (await host.call("DEL", container, { binary: launcher.path })).code,
        0,
      );
      await network.serverHas([]);
      assert(!daemon.log.includes("gone/net"), daemon.log);
    },
  },

  {
    name:
      "a daemon that sees the root of the host at -hostprefix serves the launchers of the host",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      using launcher = host.launcher({ standalone: false });
      const container = host.container();
      const prefix = host.directory.join("host");
      await Deno.mkdir(prefix);
      host.daemonRunner = [
        ...["unshare", "--mount", "--propagation", "slave", "sh", "-c"],
        ...['mount --rbind / "$0" && exec "$@"', prefix],
      ];
      await host.daemon("-hostprefix", prefix);
      const address = grantedTo(
        await runPlugin({
          ...host.pluginCall("ADD", container),
          binary: launcher.path,
        }),
      );
      await network.serverHas([addressOf(address)]);
    },
  },

  {
    name: "a launcher in another root directory runs the standalone executable",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      const daemon = await host.daemon();
      const { env, stdin } = host.pluginCall("ADD", host.container());
      const root = { ...ownRoot(), inode: 1 };
      assertEquals(
        await launch({ env, stdin }, host.socketPath, root),
        undefined,
      );
      assertEquals(daemon.count("event=call-refused"), 1, daemon.log);
    },
  },

  {
    name:
      "a launcher of another user runs the standalone executable, which the daemon refuses",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      using launcher = host.launcher();
      const daemon = await host.daemon();
      const container = host.container();
      for (const path of [host.directory.path, host.directory.join("run")]) {
        await Deno.chmod(path, 0o755);
      }
      await Deno.chmod(host.socketPath, 0o666);
      const script = host.directory.join("as-other-user");
      await Deno.writeTextFile(
        script,
        `#!/bin/sh\nexec setpriv --reuid=65534 --clear-groups ${launcher.path}\n`,
        { mode: 0o755 },
      );
      const { code } = await host.call("ADD", container, { binary: script });
      assertEquals(code, 1);
      // The launcher, and the executable that it runs.
      assertEquals(daemon.count("event=caller-refused"), 2, daemon.log);
      assertEquals(host.leaseFiles, []);
    },
  },

  {
    name: "malformed requests of launchers are logged within a limit",
    run: async () => {
      await using network = await openNetwork();
      const { host } = network;
      using launcher = host.launcher({ standalone: false });
      const daemon = await host.daemon();
      const request = encodeRequest({ env: {}, root: ownRoot(), version: 9 });
      const junk = async (): Promise<void> => {
        using client = await LauncherClient.connect(host.socketPath);
        await client.send(request);
        assertEquals((await client.receive())?.type, "N");
        assertEquals(await client.receive(), undefined);
      };
      const startMs = performance.now();
      for (let round = 0; round < 10; round += 1) {
        await Promise.all(Array.from({ length: 50 }, junk));
      }
      const status = await host.call("STATUS", undefined, {
        binary: launcher.path,
      });
      assertEquals(status.code, 0);
      const lines = daemon.count("event=request-failed");
      // Fifty at once, and one more every five seconds.
      const max = 51 + (performance.now() - startMs) / 5000;
      assert(lines > 0 && lines <= max, `${lines} lines, at most ${max}`);
    },
  },

  ...POINTS.map(({ name, isPrinted, reach }) => ({
    name: `a daemon that is killed ${name} leaves nothing behind`,
    run: async (): Promise<void> => {
      await using network = await openNetwork();
      const { host } = network;
      const first = await host.daemon();
      const container = host.container();
      const ipam = isPrinted ? {} : LONG_PROBE;
      using client = await requestAdd(host, container, { ipam });
      const document = await reach(client, network);
      await first.end("SIGKILL");
      if (!isPrinted) {
        // The launcher runs the standalone executable.
        const failed = await host.call("ADD", container);
        assertEquals(failed.json.code, 11, JSON.stringify(failed.json));
      }
      const next = await host.daemon();
      const again = await host.call("ADD", container);
      assertEquals(again.code, 0, network.report());
      const { address } = again.json.ips[0];
      if (isPrinted) {
        assertEquals(address, JSON.parse(document).ips[0].address);
      }
      await network.serverHas([addressOf(address)]);
      assertEquals((await host.call("DEL", container)).code, 0);
      await network.serverHas([]);
      assertEquals(host.stateFiles, []);
      assertEquals(await next.end("SIGTERM"), 0);
    },
  })),
];

/** The rows. */
export const LAUNCHER_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  ...row,
  name: `launcher: ${row.name}`,
  reason: missing(...DNSMASQ.requirements, `binary:${LAUNCHER_BIN}`),
}));
