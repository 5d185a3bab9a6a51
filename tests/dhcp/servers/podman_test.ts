/**
 * A real runtime: podman creates and removes containers whose addresses come from a DHCP server
 * through bridge.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  BackgroundProcess,
  readTextOrEmpty,
} from "../../../tools/lab/background_process.ts";
import { Dnsmasq } from "../../../tools/lab/dnsmasq.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import { PODMAN_NEEDS, PodmanHost } from "../../support/podman_host.ts";
import { testWith } from "../../support/requirements.ts";
import { testRowsWith } from "../../support/rows.ts";

const UPSTREAM = `${UPSTREAM_DIR}/dhcp`;
const NEEDS = [
  ...PODMAN_NEEDS,
  "command:dnsmasq",
  `binary:${DHCP_BIN}`,
  `binary:${UPSTREAM}`,
] as const;
const SOCKET = "/run/cni/dhcp.sock";

/** The example of the CNI project's dhcp page. */
const EXAMPLE = {
  type: "dhcp",
  daemonSocketPath: SOCKET,
  request: [{ skipDefault: false }],
  provide: [{ option: "host-name", fromArg: "K8S_POD_NAME" }],
};
/** Upstream's release 1.1.1 refuses an entry without an option. */
const PLAIN = { type: "dhcp" };

/** A podman host with a network `lan`, on which dnsmasq serves. */
class PodmanLan implements AsyncDisposable {
  readonly #pidFile: string;
  #daemon: BackgroundProcess | undefined;

  private constructor(readonly host: PodmanHost, readonly server: Dnsmasq) {
    this.#pidFile = host.path("daemon.pid");
  }

  static async open(binary: string, ipam: unknown): Promise<PodmanLan> {
    await using resources = new AsyncDisposableStack();
    const host = resources.use(
      await PodmanHost.start(`${UPSTREAM_DIR}/host-local`),
    );
    await host.run("ip", "link", "add", "cni-lan", "type", "bridge");
    await host.run("ip", "addr", "add", "192.0.2.1/24", "dev", "cni-lan");
    await host.run("ip", "link", "set", "cni-lan", "up");
    await host.addPlugins("lan", [{ type: "bridge", bridge: "cni-lan", ipam }]);
    const server = resources.use(
      await Dnsmasq.start({
        enter: host.enterWithoutPids,
        folder: host.folder,
        ifName: "cni-lan",
      }),
    );
    const lan = new PodmanLan(host, server);
    await lan.use(binary);
    resources.move();
    return lan;
  }

  /** Waits until the server has one lease. @returns Its address and host name. */
  async onlyLease(): Promise<readonly [address: string, hostName: string]> {
    const { address, hostName } = await this.server.onlyLease();
    return [address, hostName];
  }

  /** Replaces plugin and daemon. */
  async use(binary: string): Promise<void> {
    await this.host.usePlugin(binary, "dhcp");
    await this.restart(binary, "SIGTERM");
  }

  /** Ends the daemon, if one runs, and starts another. */
  async restart(binary: string, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.#daemon !== undefined) {
      const pid = readTextOrEmpty(this.#pidFile);
      await this.host.run("kill", `-${signal}`, pid);
      await this.#daemon.wait();
    }
    // Upstream's daemon does not replace a stale one.
    await this.host.run("rm", "-f", SOCKET);
    this.#daemon = await BackgroundProcess.start(
      [...this.host.enter, binary, "daemon", "-pidfile", this.#pidFile],
      { logFile: this.host.path("daemon.log") },
    );
    // Upstream's daemon logs nothing when it is ready.
    await this.#daemon.until("daemon", async () => {
      const sockets = await this.host.run("cat", "/proc/net/unix");
      return sockets.includes(SOCKET);
    });
  }

  /** The only address inside the container. */
  async addressInside(id: string): Promise<string> {
    const found = await this.host.addressesInside(id);
    assertEquals(found.length, 1);
    return found[0]?.address ?? "";
  }

  async remove(id: string): Promise<void> {
    await this.host.podman("rm", "-f", "-t", "0", id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
    await this.#daemon?.wait();
  }
}

testWith(
  NEEDS,
  "podman: a container keeps its leased address and host name across a daemon restart",
  async () => {
    await using lan = await PodmanLan.open(DHCP_BIN, EXAMPLE);
    const id = await lan.host.runContainer(["lan"], ["--name", "web-0"]);
    const address = await lan.addressInside(id);
    assertEquals(await lan.onlyLease(), [address, "web-0"]);
    const other = await lan.host.runContainer(["lan"], ["--name", "web-1"]);
    await waitUntil("two leases", () => lan.server.leases.length === 2);

    await lan.restart(DHCP_BIN, "SIGKILL");
    assertEquals(await lan.addressInside(id), address);
    await lan.remove(other);
    assertEquals(await lan.onlyLease(), [address, "web-0"]);
    await lan.remove(id);
    await lan.server.untilNoLease();
  },
);

testWith(
  NEEDS,
  "podman: a restarted container gets an address, and releases it when it is removed",
  async () => {
    await using lan = await PodmanLan.open(DHCP_BIN, EXAMPLE);
    const id = await lan.host.runContainer(["lan"], ["--name", "web-0"]);
    await lan.host.podman("stop", "-t", "0", id);
    await lan.server.untilNoLease();
    await lan.host.podman("start", id);
    assertEquals(await lan.onlyLease(), [
      await lan.addressInside(id),
      "web-0",
    ]);
    await lan.remove(id);
    await lan.server.untilNoLease();
  },
);

testRowsWith(NEEDS, "podman: a running container keeps its address at", [
  { name: "an upgrade from upstream's plugin", from: UPSTREAM, to: DHCP_BIN },
  { name: "a rollback to upstream's plugin", from: DHCP_BIN, to: UPSTREAM },
], async ({ from, to }) => {
  await using lan = await PodmanLan.open(from, PLAIN);
  const old = await lan.host.runContainer(["lan"]);
  const before = await lan.addressInside(old);
  await lan.use(to);
  assertEquals(await lan.addressInside(old), before);
  const fresh = await lan.host.runContainer(["lan"]);
  await lan.addressInside(fresh);
  await lan.remove(old);
  await lan.remove(fresh);
  assertEquals(await lan.host.podman("ps", "-aq"), "");
});
