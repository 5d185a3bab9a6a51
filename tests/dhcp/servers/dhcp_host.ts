/** A host with a daemon and containers, for tests of the compiled dhcp plugin. @module */

import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { Dnsmasq } from "../../../tools/lab/dnsmasq.ts";
import { InstalledLauncher } from "../../../tools/lab/installed_launcher.ts";
import { DHCP_BIN, LAUNCHER_BIN } from "../../support/binaries.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import {
  cniEnv,
  type PluginCall,
  runPlugin,
} from "../../support/plugin_process.ts";
import { TempDir } from "../../support/temp_dir.ts";

/** The outcome of a plugin call. */
export interface Outcome {
  readonly code: number;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
  readonly stderr: string;
}

/** What varies between plugin calls. */
export interface CallOptions {
  /** The plugin; the one under test by default. */
  readonly binary?: string;
  readonly containerId?: string;
  readonly ifName?: string;
  readonly cniArgs?: string;
  /** More keys of `ipam`. */
  readonly ipam?: Readonly<Record<string, unknown>>;
  /** More keys of the top level. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Kills the plugin when aborted. */
  readonly signal?: AbortSignal;
}

/** A bridge with a veth pair per container. The bridge is `eth0` in `server`, 192.0.2.1/24. */
export class DhcpHost implements AsyncDisposable {
  readonly directory = new TempDir();
  readonly server = new TestNetns();
  readonly socketPath = this.directory.join("run/dhcp.sock");
  readonly stateDir = this.directory.join("run/dhcp");
  readonly daemonLogFile = this.directory.join("daemon.log");
  /** Where daemons run; undefined: in the test's own namespace, which reaches no server. */
  daemonNetns: TestNetns | undefined;
  /** The command that runs the daemon with fewer capabilities, for example. */
  daemonRunner: readonly string[] = [];
  readonly #containers: TestNetns[] = [];
  #daemon: BackgroundProcess | undefined;
  #lastPort = 0;

  constructor() {
    this.server.ip("link add eth0 type bridge");
    this.server.ip("addr add 192.0.2.1/24 dev eth0");
    this.server.ip("link set eth0 up");
  }

  /** Creates a namespace with an `eth0` that is down and leads to the server. */
  container(): TestNetns {
    const netns = new TestNetns();
    this.#containers.push(netns);
    this.#lastPort += 1;
    const port = `p${this.#lastPort}`;
    netns.ip(
      `link add eth0 type veth peer name ${port} netns ${this.server.name}`,
    );
    this.server.ip(`link set ${port} master eth0 up`);
    return netns;
  }

  /** Starts dnsmasq on the bridge. */
  async dnsmasq(
    options: { readonly leaseSeconds?: number; readonly extra?: string[] } = {},
  ): Promise<Dnsmasq> {
    return await Dnsmasq.start({
      enter: this.server.enter,
      folder: this.directory.path,
      isVerbose: true,
      ...options,
    });
  }

  /** Installs the launcher. @param options Whether the standalone executable is there as well. */
  launcher(
    { standalone = true }: { readonly standalone?: boolean } = {},
  ): InstalledLauncher {
    const { directory, socketPath } = this;
    return new InstalledLauncher(LAUNCHER_BIN, directory.path, {
      socketPath,
      ...(standalone ? { standalone: DHCP_BIN } : {}),
    });
  }

  /** Starts a daemon and waits until it serves. */
  async daemon(...flags: readonly string[]): Promise<BackgroundProcess> {
    const { daemonNetns } = this;
    this.#daemon = await BackgroundProcess.start([
      ...(daemonNetns === undefined
        ? []
        : ["nsenter", `--net=${daemonNetns.path}`]),
      ...this.daemonRunner,
      ...[DHCP_BIN, "daemon", "-socketpath", this.socketPath, "-debug"],
      ...flags,
    ], { logFile: this.daemonLogFile, ready: "event=serving" });
    return this.#daemon;
  }

  /** Returns a call of the plugin. */
  pluginCall(
    command: string,
    netns: { readonly path: string } | undefined,
    {
      binary = DHCP_BIN,
      containerId = "c1",
      ifName = "eth0",
      cniArgs = "",
      ipam = {},
      config = {},
      signal,
    }: CallOptions = {},
  ): PluginCall & { readonly stdin: string } {
    return {
      binary,
      env: cniEnv(command, {
        containerId,
        ifName,
        netns: netns?.path ?? "",
        extra: { CNI_ARGS: cniArgs },
      }),
      stdin: JSON.stringify({
        cniVersion: "1.1.0",
        name: "net",
        type: "macvlan",
        ipam: { type: "dhcp", daemonSocketPath: this.socketPath, ...ipam },
        ...config,
      }),
      ...(signal === undefined ? {} : { signal }),
    };
  }

  /** Calls the plugin. */
  async call(
    command: string,
    netns: { readonly path: string } | undefined,
    options: CallOptions = {},
  ): Promise<Outcome> {
    const { stdout, stderr, code } = await runPlugin(
      this.pluginCall(command, netns, options),
    );
    const json = stdout === "" ? undefined : JSON.parse(stdout);
    return { code, json, stderr };
  }

  /**
   * Calls ADD and configures the interface by its result, as a main plugin does.
   *
   * @returns The address with its prefix length.
   * @throws {Error} if ADD fails.
   */
  async add(netns: TestNetns, options: CallOptions = {}): Promise<string> {
    const { code, json } = await this.call("ADD", netns, options);
    if (code !== 0) throw new Error(`ADD: ${JSON.stringify(json)}`);
    const { address } = json.ips[0];
    netns.ip(`addr add ${address} dev eth0`);
    for (const { dst, gw } of json.routes ?? []) {
      const via = gw === undefined ? "" : `via ${gw} `;
      netns.ip(`route add ${dst} ${via}dev eth0`);
    }
    return address;
  }

  /** The daemon's counters, by name. */
  async counters(): Promise<Readonly<Record<string, number>>> {
    using connection = await Deno.connect({
      transport: "unix",
      path: this.socketPath,
    });
    const request = '{"protocol":1,"method":"status"}\n';
    await connection.write(new TextEncoder().encode(request));
    // One line; the daemon closes the connection after it.
    const reply = await new Response(connection.readable).text();
    return JSON.parse(reply).counters;
  }

  /** The names of all files in the state directory, without the lock file. */
  get stateFiles(): readonly string[] {
    return [...Deno.readDirSync(this.stateDir)].map(({ name }) => name)
      .filter((name) => name !== "lock");
  }

  /** The names of the lease files. */
  get leaseFiles(): readonly string[] {
    return this.stateFiles.filter((name) => name.endsWith(".lease"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.end("SIGKILL");
    for (const container of this.#containers) container[Symbol.dispose]();
    this.server[Symbol.dispose]();
    this.directory[Symbol.dispose]();
  }
}
