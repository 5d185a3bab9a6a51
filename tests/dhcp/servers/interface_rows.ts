/** What users do to an interface or its namespace while it has a lease. @module */

import { assertEquals } from "@std/assert";
import type { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { run } from "../../../tools/lab/network_namespace.ts";
import { DHCP_BIN } from "../../support/binaries.ts";
import { MountNamespace } from "../../support/mount_namespace.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import type { ServerRow } from "./server_rows.ts";
import { addressOf, type TestNetwork } from "./test_network.ts";

/** Renewals begin soon, and the lease outlives the test. */
const SOON = { leaseSeconds: 120, t1Seconds: 3, t2Seconds: 100 };

/** A container with a lease. */
interface Leased {
  readonly daemon: BackgroundProcess;
  readonly container: TestNetns;
  /** With its prefix length. */
  readonly cidr: string;
  readonly address: string;
}

async function addContainer({ host }: TestNetwork): Promise<Leased> {
  const daemon = await host.daemon();
  const container = host.container();
  const cidr = await host.add(container);
  return { daemon, container, cidr, address: addressOf(cidr) };
}

/** Waits for a renewal after this call. */
async function renewed(
  network: TestNetwork,
  { daemon }: Leased,
): Promise<void> {
  const before = daemon.count("event=lease-renewed");
  await network.until(
    "renewal",
    () => daemon.count("event=lease-renewed") > before,
  );
}

/** Calls DEL, which must release the lease, and compares where the RELEASE comes from. */
async function deleted(
  network: TestNetwork,
  { container, address }: Leased,
): Promise<void> {
  const { code, json } = await network.host.call("DEL", container);
  assertEquals(code, 0, JSON.stringify(json));
  await network.serverHas([]);
  const { source } = await network.releasedTo("192.0.2.1");
  assertEquals(source, address);
  assertEquals(network.host.leaseFiles, []);
}

/** Moves the address from `eth0` to a bridge that has it as a port. */
function moveToBridge({ container, cidr }: Leased): void {
  container.ip("link add br0 type bridge");
  container.ip("addr flush dev eth0");
  container.ip("link set eth0 master br0");
  container.ip("link set br0 up");
  container.ip(`addr add ${cidr} dev br0`);
}

/** Starts a process that keeps a namespace alive, and waits until it does. */
async function start(
  ...command: readonly string[]
): Promise<AsyncDisposable & { readonly pid: number }> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args: [...args, "sh", "-c", "echo ready && exec sleep infinity"],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  for await (const _ of child.stdout) break;
  return {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

/** Rows that hold with any server. */
export const INTERFACE_ROWS: readonly ServerRow[] = [
  {
    name: "an interface that is renamed and renamed back keeps its lease",
    service: SOON,
    run: async (network) => {
      const leased = await addContainer(network);
      const { container } = leased;
      for (const [from, to] of [["eth0", "net7"], ["net7", "eth0"]] as const) {
        container.ip(`link set ${from} down`);
        container.ip(`link set ${from} name ${to}`);
        container.ip(`link set ${to} up`);
        await renewed(network, leased);
        const check = await network.host.call("CHECK", container);
        assertEquals(check.code, 0, JSON.stringify(check.json));
      }
      assertEquals(network.wire.count("DISCOVER"), 1);
      await deleted(network, leased);
    },
  },
  {
    name: "DEL releases the lease of an interface that has another name",
    run: async (network) => {
      const leased = await addContainer(network);
      leased.container.ip("link set eth0 name net7");
      await deleted(network, leased);
    },
  },
  {
    name: "a bridge port renews its lease, also after a restart of the daemon",
    service: SOON,
    run: async (network) => {
      const { host, wire } = network;
      const leased = await addContainer(network);
      moveToBridge(leased);
      await renewed(network, leased);
      await leased.daemon.end("SIGKILL");
      const daemon = await host.daemon();
      await renewed(network, { ...leased, daemon });
      assertEquals([wire.count("DISCOVER"), wire.count("RELEASE")], [1, 0]);
      await network.serverHas([leased.address]);
      await deleted(network, leased);
    },
  },
  {
    name: "a bridge with another hardware address than its port renews too",
    service: SOON,
    run: async (network) => {
      const leased = await addContainer(network);
      moveToBridge(leased);
      leased.container.ip("link set br0 address 02:00:5e:10:00:99");
      await renewed(network, leased);
      assertEquals(network.wire.count("DISCOVER"), 1);
    },
  },
  {
    name: "the routes of a lease come back after the link was down",
    run: async (network) => {
      const { container, daemon } = await addContainer(network);
      const routers = (): unknown[] =>
        container.list("route show default").map(({ gateway }) => gateway);
      assertEquals(routers(), ["192.0.2.1"]);
      container.ip("link set eth0 down");
      assertEquals(routers(), []);
      container.ip("link set eth0 up");
      await network.until("default route", () => routers().length === 1);
      assertEquals(routers(), ["192.0.2.1"]);
      // The daemon logs it afterwards.
      await network.until(
        "log line",
        () => daemon.count("event=routes-restored") === 1,
      );
      // A route that the container removes stays away.
      container.ip("route del default");
      container.ip("addr add 198.51.100.1/32 dev eth0");
      await network.host.call("CHECK", container);
      assertEquals(routers(), []);
    },
  },
  {
    name: "an unmounted namespace with a process renews and releases its lease",
    service: SOON,
    run: async (network) => {
      const leased = await addContainer(network);
      const { container } = leased;
      await using _process = await start("ip", "netns", "exec", container.name);
      container.unmount();
      await renewed(network, leased);
      await renewed(network, leased);
      await deleted(network, leased);
    },
  },
  {
    name:
      "DEL releases the lease of a namespace that cannot be found any more through the host",
    service: SOON,
    requirements: () => ["command:nsenter"],
    run: async (network) => {
      const { host } = network;
      host.daemonNetns = network.machine("192.0.2.8/24");
      host.daemonNetns.ip("addr flush dev eth0");
      const daemon = await host.daemon();
      const container = host.container();
      const config = { type: "macvlan", master: "eth0" };
      const address = addressOf(await host.add(container, { config }));
      // A descriptor keeps the namespace alive. Its owner is in another one.
      using _netns = container.open();
      container.unmount();
      await network.until(
        "warning",
        () => daemon.count("level=warn event=interface-removed") === 1,
      );
      await network.serverHas([address]);
      assertEquals((await host.call("DEL", container)).code, 0);
      await network.serverHas([]);
      const { source } = await network.releasedTo("192.0.2.1");
      assertEquals(source, address);
    },
  },
  {
    name: "a namespace that only the caller sees gets a lease",
    service: SOON,
    requirements: () => ["command:nsenter", "command:unshare"],
    run: async (network) => {
      const { host } = network;
      const daemon = await host.daemon();
      const container = host.container();
      await using view = await MountNamespace.start(container);
      const binary = wrapper(network, view);
      // The daemon must not find it by another path.
      await using process = await start("ip", "netns", "exec", container.name);
      container.unmount();
      const call = (command: string): ReturnType<typeof host.call> =>
        host.call(command, { path: view.linkedPath }, { binary });
      const { code, json } = await call("ADD");
      assertEquals(code, 0, JSON.stringify(json));
      const [{ address: cidr }] = json.ips;
      const enter = [`--target=${process.pid}`, "--net"];
      run("nsenter", ...enter, "ip", "addr", "add", cidr, "dev", "eth0");
      const leased = { daemon, container, cidr, address: addressOf(cidr) };
      await renewed(network, leased);
      assertEquals((await call("CHECK")).code, 0);
      assertEquals((await call("DEL")).code, 0);
      await network.serverHas([]);
      const { source } = await network.releasedTo("192.0.2.1");
      assertEquals(source, leased.address);
    },
  },
  {
    name: "DEL of a caller that alone sees the namespace releases the lease",
    requirements: () => ["command:nsenter", "command:unshare"],
    run: async (network) => {
      const { host } = network;
      const { container, address } = await addContainer(network);
      await using view = await MountNamespace.start(container);
      container.unmount();
      const binary = wrapper(network, view);
      const place = { path: container.path };
      assertEquals((await host.call("DEL", place, { binary })).code, 0);
      await network.serverHas([]);
      const { source } = await network.releasedTo("192.0.2.1");
      assertEquals(source, address);
    },
  },
];

/** Returns a program that runs the plugin in a mount namespace. */
function wrapper({ host }: TestNetwork, { pid }: MountNamespace): string {
  const path = host.directory.join("dhcp-inside");
  const command = `/usr/bin/nsenter --target ${pid} --mount -- ${DHCP_BIN}`;
  Deno.writeTextFileSync(path, `#!/bin/sh\nexec ${command}\n`, {
    mode: 0o755,
  });
  return path;
}
