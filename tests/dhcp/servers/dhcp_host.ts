/** A host with a daemon and containers: what the end-to-end tests of dhcp are played on. @module */

import { DHCP_BIN } from "../../support/binaries.ts";
import { cniEnv, runPlugin } from "../../support/plugin_process.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { eventually } from "../../support/dhcp_polling.ts";

/** What a plugin call gave. */
export interface Outcome {
  readonly code: number;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
  readonly stderr: string;
}

/** A running daemon. */
export class DaemonProcess {
  readonly #child: Deno.ChildProcess;
  readonly #logPath: string;

  constructor(child: Deno.ChildProcess, logPath: string) {
    this.#child = child;
    this.#logPath = logPath;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Everything it logged, and the daemons before it. */
  get log(): string {
    return Deno.readTextFileSync(this.#logPath);
  }

  /** Ends it. @returns Its exit status. */
  async end(signal: Deno.Signal): Promise<number> {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
    return (await this.#child.status).code;
  }
}

/** A veth pair per container into one bridge with the server; the server's end is `eth0` in `server`, 192.0.2.1/24. */
export class DhcpHost implements AsyncDisposable {
  readonly directory = new TempDir();
  readonly server = new TestNetns();
  readonly socketPath = this.directory.join("run/dhcp.sock");
  readonly stateDir = this.directory.join("run/dhcp");
  /** Where daemons run; undefined: in the test's own namespace, from which no server is reached. */
  home: TestNetns | undefined;
  readonly #containers: TestNetns[] = [];
  #daemon: DaemonProcess | undefined;
  #lastPort = 0;

  constructor() {
    this.server.ip("link add eth0 type bridge");
    this.server.ip("addr add 192.0.2.1/24 dev eth0");
    this.server.ip("link set eth0 up");
  }

  /** A namespace with an `eth0` that is down and leads to the server. */
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

  /** Starts a daemon and waits until it serves. */
  async daemon(...flags: readonly string[]): Promise<DaemonProcess> {
    const logPath = this.directory.join("daemon.log");
    const before = servings(logPath);
    const log = await Deno.open(logPath, { append: true, create: true });
    const { home } = this;
    const child = new Deno.Command("/bin/sh", {
      args: [
        "-c",
        'exec "$@" 2>>"$LOG"',
        "sh",
        ...home === undefined ? [] : ["nsenter", `--net=${home.path}`],
        DHCP_BIN,
        "daemon",
        "-socketpath",
        this.socketPath,
        "-debug",
        ...flags,
      ],
      env: { LOG: logPath },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    log.close();
    const daemon = new DaemonProcess(child, logPath);
    this.#daemon = daemon;
    await eventually("daemon", () => servings(logPath) > before || undefined);
    return daemon;
  }

  /** Calls the plugin. */
  async call(
    command: string,
    netns: TestNetns | undefined,
    {
      containerId = "c1",
      ifName = "eth0",
      cniArgs = "",
      ipam = {},
      config = {},
      signal,
    }: {
      readonly containerId?: string;
      readonly ifName?: string;
      readonly cniArgs?: string;
      readonly ipam?: Readonly<Record<string, unknown>>;
      readonly config?: Readonly<Record<string, unknown>>;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Outcome> {
    const { stdout, stderr, code } = await runPlugin({
      binary: DHCP_BIN,
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
    });
    const json = stdout === "" ? undefined : JSON.parse(stdout);
    return { code, json, stderr };
  }

  /** ADD, and what a main plugin does with its result. @returns The address with its prefix length. */
  async add(
    netns: TestNetns,
    options: Parameters<DhcpHost["call"]>[2] = {},
  ): Promise<string> {
    const { code, json } = await this.call("ADD", netns, options);
    if (code !== 0) throw new Error(`ADD: ${JSON.stringify(json)}`);
    const { address } = json.ips[0];
    netns.ip(`addr add ${address} dev eth0`);
    for (const { dst, gw } of json.routes ?? []) {
      netns.ip(
        gw === undefined
          ? `route add ${dst} dev eth0`
          : `route add ${dst} via ${gw} dev eth0`,
      );
    }
    return address;
  }

  /** What the daemon has counted, by name. */
  async counters(): Promise<Readonly<Record<string, number>>> {
    using connection = await Deno.connect({
      transport: "unix",
      path: this.socketPath,
    });
    const question = '{"protocol":1,"method":"status"}\n';
    await connection.write(new TextEncoder().encode(question));
    // One line; the daemon hangs up after it.
    const answer = await new Response(connection.readable).text();
    return JSON.parse(answer).counters;
  }

  /** Names of all files in the state directory. */
  get stateFiles(): readonly string[] {
    return [...Deno.readDirSync(this.stateDir)].map(({ name }) => name);
  }

  /** Those that are leases. */
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

function servings(path: string): number {
  try {
    return Deno.readTextFileSync(path).split("event=serving").length;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 1;
    throw error;
  }
}
