/** A machine of its own for podman: namespaces, storage, networks and plugins that nobody else sees. @module */

import { UPSTREAM, UPSTREAM_DIR } from "./binaries.ts";
import { TempDir } from "./temp_dir.ts";

const BUSYBOX = "/bin/busybox";
const IMAGE = "localhost/busybox";

/** What has to be there for a {@link PodmanHost}. */
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

/** Runs in the new namespaces as their first process; they end with it, and with them whatever was started there. */
const INIT = `
set -e
for folder in /run /dev/shm /var/lib; do mount -t tmpfs tmpfs $folder; done
mkdir -p /run/netns /var/lib/cni
ip link set lo up
echo ready
read line
`;

/** Podman in CNI mode with an image of a static busybox. Close it with `await using`. */
export class PodmanHost implements AsyncDisposable {
  readonly #temp = new TempDir();
  readonly #cgroup = `cni-ipam-test-${crypto.randomUUID()}`;
  #unshare: Deno.ChildProcess | undefined;
  #initPid = "";

  private constructor() {}

  /** Makes the machine; `hostLocal` is the IPAM plugin to begin with. */
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
    for (
      const folder of [
        "bin",
        "nets",
        "data",
        "rootfs/bin",
        "rootfs/proc",
        "rootfs/sys",
        "rootfs/dev",
        "rootfs/etc",
      ]
    ) {
      await Deno.mkdir(this.#temp.join(folder), { recursive: true });
    }
    for (
      const plugin of ["bridge", "loopback", "portmap", "firewall", "tuning"]
    ) {
      await Deno.symlink(
        `${UPSTREAM_DIR}/${plugin}`,
        this.#temp.join(`bin/${plugin}`),
      );
    }
    await this.usePlugin(hostLocal);
    await Deno.writeTextFile(
      this.#temp.join("containers.conf"),
      `[network]
network_backend = "cni"
cni_plugin_dirs = ["${this.#temp.join("bin")}"]
network_config_dir = "${this.#temp.join("nets")}"
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
        "-n",
        "-m",
        "-p",
        "-f",
        "--mount-proc",
        "--kill-child",
        "--propagation",
        "private",
        "sh",
        "-c",
        INIT,
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
    this.#initPid =
      (await run("ps", ["-o", "pid=", "--ppid", String(this.#unshare.pid)]))
        .trim();
  }

  async #importImage(): Promise<void> {
    const rootfs = this.#temp.join("rootfs");
    await Deno.copyFile(BUSYBOX, `${rootfs}/bin/busybox`);
    for (const applet of ["sh", "ip", "sleep"]) {
      await Deno.symlink("busybox", `${rootfs}/bin/${applet}`);
    }
    await run("tar", ["-C", rootfs, "-cf", this.#temp.join("image.tar"), "."]);
    await this.podman("import", this.#temp.join("image.tar"), IMAGE);
  }

  /** Makes `binary` the plugin of that type, from now on. */
  async usePlugin(binary: string, type = "host-local"): Promise<void> {
    const path = this.#temp.join(`bin/${type}`);
    await Deno.symlink(binary, `${path}.new`);
    await Deno.rename(`${path}.new`, path);
  }

  /** Adds a bridge network; every subnet is a range set. */
  async addNetwork(name: string, subnets: readonly string[]): Promise<void> {
    const ipam = {
      type: "host-local",
      dataDir: this.#temp.join("data"),
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

  /** Adds a network of these plugins. */
  async addPlugins(name: string, plugins: readonly unknown[]): Promise<void> {
    await Deno.writeTextFile(
      this.#temp.join(`nets/${name}.conflist`),
      JSON.stringify({ cniVersion: "0.4.0", name, plugins }),
    );
  }

  /** A path for a file that goes with the machine; the same inside. */
  path(name: string): string {
    return this.#temp.join(name);
  }

  /** Runs a program of the machine to its end and returns its stdout; throws with its stderr if it fails. */
  inside(...command: readonly string[]): Promise<string> {
    return run("nsenter", [...this.#enter(), ...command]);
  }

  /** Starts a program of the machine, which ends with it at the latest; its output is appended to a file. */
  startInside(
    logFile: string,
    ...command: readonly string[]
  ): Deno.ChildProcess {
    const script = 'log=$1; shift; exec "$@" >>"$log" 2>&1';
    return new Deno.Command("sh", {
      args: [
        "-c",
        script,
        "sh",
        logFile,
        "nsenter",
        ...this.#enter(),
        ...command,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  #enter(): string[] {
    return ["-t", this.#initPid, "-n", "-m", "-p"];
  }

  /** The directory in which host-local keeps the network. */
  networkDirectory(name: string): string {
    return this.#temp.join(`data/${name}`);
  }

  /** Runs a podman command and returns its stdout; throws with its stderr if it fails. */
  podman(...args: readonly string[]): Promise<string> {
    return run("nsenter", [
      ...this.#enter(),
      ...[
        "env",
        `CONTAINERS_CONF=${this.#temp.join("containers.conf")}`,
      ],
      ...[
        "podman",
        "--root",
        this.#temp.join("root"),
        "--runroot",
        "/run/containers",
        "--tmpdir",
        "/run/libpod",
      ],
      ...[
        "--storage-driver",
        "vfs",
        "--network-config-dir",
        this.#temp.join("nets"),
        ...args,
      ],
    ]);
  }

  /** Starts a container that does nothing, and returns its id. @param options More of `podman run`. */
  async runContainer(
    networks: readonly string[],
    options: readonly string[] = [],
  ): Promise<string> {
    const limits = [
      "--ulimit",
      "nofile=1024:1024",
      "--ulimit",
      "nproc=1000:1000",
      "--cgroup-parent",
      this.#cgroup,
    ];
    const id = await this.podman(
      "run",
      "-d",
      ...limits,
      ...options,
      "--network",
      networks.join(),
      IMAGE,
      "sleep",
      "100000",
    );
    return id.trim();
  }

  /** The addresses that the container itself sees, with their interfaces; link-local ones and loopback left out. */
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

  /** Ends everything in the namespaces and removes what is outside of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const unshare = this.#unshare;
    if (unshare !== undefined) {
      await unshare.stdout.cancel();
      await unshare.stdin.close();
      await unshare.status;
    }
    const cgroups = [
      "/sys/fs/cgroup",
      "-depth",
      "-type",
      "d",
      "-path",
      `*${this.#cgroup}*`,
    ];
    await run("find", [...cgroups, "-exec", "rmdir", "{}", ";"]);
    this.#temp[Symbol.dispose]();
  }
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  }
  return decoder.decode(stdout);
}
