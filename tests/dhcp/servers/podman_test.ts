/** A real runtime: podman starts and removes containers whose addresses come from a DHCP server, by way of bridge. @module */

import { assertEquals } from "@std/assert";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import { eventually } from "../../support/dhcp_polling.ts";
import { readOrEmpty } from "../../support/dhcp_server_process.ts";
import { PODMAN_NEEDS, PodmanHost } from "../../support/podman_host.ts";
import { testWith } from "../../support/requirements.ts";

const UPSTREAM = `${UPSTREAM_DIR}/dhcp`;
const NEEDS = [
  ...PODMAN_NEEDS,
  "command:dnsmasq",
  `binary:${DHCP_BIN}`,
  `binary:${UPSTREAM}`,
] as const;
const SOCKET = "/run/cni/dhcp.sock";

/** The example of the public documentation, to the letter. */
const EXAMPLE = {
  type: "dhcp",
  daemonSocketPath: SOCKET,
  request: [{ skipDefault: false }],
  provide: [{ option: "host-name", fromArg: "K8S_POD_NAME" }],
};
/** What upstream's release takes: an entry without an option is an error there. */
const PLAIN = { type: "dhcp" };

/** A machine with a network `lan`, on which a dnsmasq serves. */
class Lan implements AsyncDisposable {
  #daemon: Deno.ChildProcess | undefined;
  readonly #server: Deno.ChildProcess;

  private constructor(
    readonly host: PodmanHost,
    server: Deno.ChildProcess,
  ) {
    this.#server = server;
  }

  static async open(binary: string, ipam: unknown): Promise<Lan> {
    const host = await PodmanHost.start(`${UPSTREAM_DIR}/host-local`);
    await host.inside("ip", "link", "add", "cni-lan", "type", "bridge");
    await host.inside("ip", "addr", "add", "192.0.2.1/24", "dev", "cni-lan");
    await host.inside("ip", "link", "set", "cni-lan", "up");
    await host.addPlugins("lan", [{ type: "bridge", bridge: "cni-lan", ipam }]);
    const log = host.path("dnsmasq.log");
    const lan = new Lan(
      host,
      host.startInside(
        log,
        "dnsmasq",
        "--conf-file=/dev/null",
        "--keep-in-foreground",
        "--log-facility=-",
        "--user=root",
        "--port=0",
        "--no-ping",
        "--interface=cni-lan",
        "--bind-interfaces",
        "--pid-file",
        `--dhcp-leasefile=${host.path("leases")}`,
        "--dhcp-range=192.0.2.50,192.0.2.99,255.255.255.0,1h",
      ),
    );
    try {
      await eventually(
        "dnsmasq",
        () => readOrEmpty(log).includes("DHCP, IP range") || undefined,
      );
      await lan.use(binary);
      return lan;
    } catch (error) {
      await lan[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Address and host name of each lease that the server has. */
  get leases(): readonly (readonly [address: string, hostName: string])[] {
    return readOrEmpty(this.host.path("leases")).split("\n")
      .filter((line) => line !== "").map((line) => {
        const [, , address = "", hostName = ""] = line.split(" ");
        return [address, hostName] as const;
      });
  }

  /** Replaces plugin and daemon. */
  async use(binary: string): Promise<void> {
    await this.host.usePlugin(binary, "dhcp");
    await this.restart(binary, "SIGTERM");
  }

  /** Ends the daemon and starts one. */
  async restart(binary: string, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const pidFile = this.host.path("daemon.pid");
    if (this.#daemon !== undefined) {
      await this.host.inside("kill", `-${signal}`, readOrEmpty(pidFile));
      await this.#daemon.status;
    }
    // Upstream's does not replace a stale one.
    await this.host.inside("rm", "-f", SOCKET);
    this.#daemon = this.host.startInside(
      this.host.path("daemon.log"),
      binary,
      "daemon",
      "-pidfile",
      pidFile,
    );
    // Upstream's does not say when it serves.
    await eventually("daemon", async () => {
      const listening = await this.host.inside("cat", "/proc/net/unix");
      return listening.includes(SOCKET) || undefined;
    });
  }

  /** The one address that the container sees. */
  async addressOf(id: string): Promise<string> {
    const found = await this.host.addressesInside(id);
    assertEquals(found.length, 1);
    return found[0]?.address ?? "";
  }

  async remove(id: string): Promise<void> {
    await this.host.podman("rm", "-f", "-t", "0", id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    await this.#daemon?.status;
    await this.#server.status;
  }
}

testWith(
  NEEDS,
  "podman: a container has the address and the name that the server knows, over a restart of the daemon, until it is removed",
  async () => {
    await using lan = await Lan.open(DHCP_BIN, EXAMPLE);
    const id = await lan.host.runContainer(["lan"], ["--name", "web-0"]);
    const address = await lan.addressOf(id);
    assertEquals(lan.leases, [[address, "web-0"]]);
    const other = await lan.host.runContainer(["lan"], ["--name", "web-1"]);
    assertEquals(lan.leases.length, 2);

    await lan.restart(DHCP_BIN, "SIGKILL");
    assertEquals(await lan.addressOf(id), address);
    await lan.remove(other);
    await eventually(
      "release",
      () => lan.leases.length === 1 || undefined,
    );
    assertEquals(lan.leases, [[address, "web-0"]]);
    await lan.remove(id);
    await eventually("release", () => lan.leases.length === 0 || undefined);
  },
);

testWith(
  NEEDS,
  "podman: a container that is started again gets an address, and gives it back",
  async () => {
    await using lan = await Lan.open(DHCP_BIN, EXAMPLE);
    const id = await lan.host.runContainer(["lan"], ["--name", "web-0"]);
    await lan.host.podman("stop", "-t", "0", id);
    await eventually("release", () => lan.leases.length === 0 || undefined);
    await lan.host.podman("start", id);
    assertEquals(lan.leases, [[await lan.addressOf(id), "web-0"]]);
    await lan.remove(id);
    await eventually("release", () => lan.leases.length === 0 || undefined);
  },
);

for (
  const { name, from, to } of [
    { name: "upgrade from upstream's", from: UPSTREAM, to: DHCP_BIN },
    { name: "rollback to upstream's", from: DHCP_BIN, to: UPSTREAM },
  ]
) {
  testWith(NEEDS, `podman: ${name} with a container running`, async () => {
    await using lan = await Lan.open(from, PLAIN);
    const old = await lan.host.runContainer(["lan"]);
    const before = await lan.addressOf(old);
    await lan.use(to);
    assertEquals(await lan.addressOf(old), before);
    const fresh = await lan.host.runContainer(["lan"]);
    await lan.addressOf(fresh);
    await lan.remove(old);
    await lan.remove(fresh);
    const left = await lan.host.podman("ps", "-aq");
    assertEquals(left, "");
  });
}
