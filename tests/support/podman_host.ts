/** A host for podman: namespaces, storage, networks and plugins of its own. @module */

import { capture } from "../../tools/process.ts";
import { UPSTREAM, UPSTREAM_DIR } from "./binaries.ts";
import { TempDir } from "./temp_dir.ts";

const BUSYBOX = "/bin/busybox";
const IMAGE = "localhost/busybox";

/** What a {@link PodmanHost} requires. */
export const PODMAN_NEEDS = [
  "root",
  "command:podman",
  "command:runc",
  "command:unshare",
  "command:nsenter",
  `binary:${BUSYBOX}`,
  `binary:${UPSTREAM_DIR}/bridge`,
  `binary:${UPSTREAM}`,
] as const;

/** The first process in the new namespaces; when it ends, every process in them ends. */
const INIT = `
set -e
for folder in /run /dev/shm /var/lib; do mount -t tmpfs tmpfs $folder; done
mkdir -p /run/netns /var/lib/cni
ip link set lo up
echo ready
read line
`;

/** Podman in CNI mode, with an image that contains a static busybox. */
export class PodmanHost implements AsyncDisposable {
  readonly #temp = new TempDir();
  readonly #cgroup = `cni-ipam-test-${crypto.randomUUID()}`;
  #unshare: Deno.ChildProcess | undefined;
  #initPid = "";

  private constructor() {}

  /** Creates the host; `hostLocal` is its first IPAM plugin. */
  static async start(hostLocal: string): Promise<PodmanHost> {
    const host = new PodmanHost();
    try {
      await host.#start(hostLocal);
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(hostLocal: string): Promise<void> {
    const rootfs = ["bin", "proc", "sys", "dev", "etc"].map((name) =>
      `rootfs/${name}`
    );
    for (const folder of ["bin", "nets", "data", ...rootfs]) {
      await Deno.mkdir(this.path(folder), { recursive: true });
    }
    for (
      const plugin of [
        "bridge",
        "macvlan",
        "loopback",
        "portmap",
        "firewall",
        "tuning",
      ]
    ) {
      await Deno.symlink(
        `${UPSTREAM_DIR}/${plugin}`,
        this.path(`bin/${plugin}`),
      );
    }
    await this.usePlugin(hostLocal);
    await Deno.writeTextFile(
      this.path("containers.conf"),
      `[network]
network_backend = "cni"
cni_plugin_dirs = ["${this.path("bin")}"]
network_config_dir = "${this.path("nets")}"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
`,
    );
    await this.#unshareNamespaces();
    await this.#importImage();
  }

  async #unshareNamespaces(): Promise<void> {
    this.#unshare = new Deno.Command("unshare", {
      args: [
        ...["-n", "-m", "-p", "-f", "--mount-proc", "--kill-child"],
        ...["--propagation", "slave", "sh", "-c", INIT],
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = this.#unshare.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    if (new TextDecoder().decode(value).trim() !== "ready") {
      throw new Error("Cannot set up namespaces for podman");
    }
    const parent = String(this.#unshare.pid);
    const pid = await capture(["ps", "-o", "pid=", "--ppid", parent]);
    this.#initPid = pid.trim();
  }

  async #importImage(): Promise<void> {
    const rootfs = this.path("rootfs");
    await Deno.copyFile(BUSYBOX, `${rootfs}/bin/busybox`);
    for (const applet of ["sh", "ip", "sleep"]) {
      await Deno.symlink("busybox", `${rootfs}/bin/${applet}`);
    }
    const image = this.path("image.tar");
    await capture(["tar", "-C", rootfs, "-cf", image, "."]);
    await this.podman("import", image, IMAGE);
  }

  /** Replaces the plugin of that type. */
  async usePlugin(binary: string, type = "host-local"): Promise<void> {
    const path = this.path(`bin/${type}`);
    await Deno.symlink(binary, `${path}.new`);
    await Deno.rename(`${path}.new`, path);
  }

  /** Adds a bridge network; every subnet is a range set. */
  async addNetwork(name: string, subnets: readonly string[]): Promise<void> {
    const ipam = {
      type: "host-local",
      dataDir: this.path("data"),
      ranges: subnets.map((subnet) => [{ subnet }]),
      routes: subnets.map((subnet) => ({
        dst: subnet.includes(":") ? "::/0" : "0.0.0.0/0",
      })),
    };
    const plugins = [
      {
        type: "bridge",
        bridge: `cni-${name}`,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam,
      },
      { type: "portmap", capabilities: { portMappings: true } },
      { type: "firewall" },
      { type: "tuning" },
    ];
    await this.addPlugins(name, plugins);
  }

  /** Adds a network with these plugins. */
  async addPlugins(name: string, plugins: readonly unknown[]): Promise<void> {
    await Deno.writeTextFile(
      this.path(`nets/${name}.conflist`),
      JSON.stringify({ cniVersion: "0.4.0", name, plugins }),
    );
  }

  /** The path of a file that is removed with the host; the same inside and outside. */
  path(name: string): string {
    return this.#temp.join(name);
  }

  /** The folder of the files that are removed with the host. */
  get folder(): string {
    return this.#temp.path;
  }

  /** The parent of every container's cgroup. */
  get cgroupParent(): string {
    return this.#cgroup;
  }

  /** The command that runs a program on the host. Signals to the command do not reach it. */
  get enter(): readonly [string, ...string[]] {
    return ["nsenter", "-t", this.#initPid, "-n", "-m", "-p"];
  }

  /** The same for a program that must receive signals; it does not see its own process in /proc. */
  get enterWithoutPids(): readonly string[] {
    return ["nsenter", "-t", this.#initPid, "-n", "-m"];
  }

  /**
   * Runs a program on the host to its end.
   *
   * @returns Its stdout.
   * @throws {ProcessError} if it fails.
   */
  async run(...command: readonly string[]): Promise<string> {
    return await capture([...this.enter, ...command]);
  }

  /** The directory in which host-local keeps the network. */
  networkDirectory(name: string): string {
    return this.path(`data/${name}`);
  }

  /** Runs a podman command. @returns Its stdout. @throws {ProcessError} if it fails. */
  async podman(...args: readonly string[]): Promise<string> {
    return await this.run(
      ...["env", `CONTAINERS_CONF=${this.path("containers.conf")}`, "podman"],
      ...["--root", this.path("root"), "--runroot", "/run/containers/storage"],
      ...["--tmpdir", "/run/libpod", "--storage-driver", "vfs"],
      ...["--network-config-dir", this.path("nets")],
      ...args,
    );
  }

  /**
   * Starts a container that only sleeps.
   *
   * @param options More options of `podman run`.
   * @returns Its id.
   */
  async runContainer(
    networks: readonly string[],
    options: readonly string[] = [],
  ): Promise<string> {
    const id = await this.podman(
      ...["run", "-d", "--ulimit", "nofile=1024:1024"],
      ...["--ulimit", "nproc=1000:1000", "--cgroup-parent", this.#cgroup],
      ...options,
      ...["--network", networks.join(), IMAGE, "sleep", "100000"],
    );
    return id.trim();
  }

  /** The global addresses inside the container, with their interfaces. */
  async addressesInside(
    id: string,
  ): Promise<{ readonly address: string; readonly ifName: string }[]> {
    const text = await this.podman("exec", id, "ip", "addr");
    return text.split(/^\d+: /m).flatMap((block) => {
      const ifName = block.replace(/[@:][^]*/, "");
      const global = block.matchAll(/inet6? (\S+)\/\d+ .*scope global/g);
      return [...global].map(([, address = ""]) => ({ address, ifName }));
    });
  }

  /** Ends everything in the namespaces and removes what is outside. */
  async [Symbol.asyncDispose](): Promise<void> {
    const unshare = this.#unshare;
    if (unshare !== undefined) {
      await unshare.stdout.cancel();
      await unshare.stdin.close();
      await unshare.status;
    }
    // Its status is not checked: it fails when other tests remove their cgroups meanwhile.
    await new Deno.Command("find", {
      args: [
        ...["/sys/fs/cgroup", "-depth", "-type", "d"],
        ...["-path", `*${this.#cgroup}*`, "-exec", "rmdir", "{}", ";"],
      ],
      stderr: "null",
    }).output();
    this.#temp[Symbol.dispose]();
  }
}
