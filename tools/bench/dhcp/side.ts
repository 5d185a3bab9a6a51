/** One of the two sides that are measured: a plugin with its daemon. @module */

import type { BackgroundProcess } from "../../lab/background_process.ts";
import { InstalledLauncher } from "../../lab/installed_launcher.ts";
import { startDhcpDaemon } from "../../lab/dhcp_daemon.ts";
import { capture } from "../../process.ts";
import { runTimed } from "../process_time.ts";
import type { Container, DhcpLab } from "./lab.ts";

/** The resources that a daemon uses. */
export interface DaemonUse {
  /** Proportional set size (PSS). */
  readonly memoryMb: number;
  /** The part of it that is not backed by files. */
  readonly ownMb: number;
  readonly threads: number;
  readonly descriptors: number;
  /** CPU time since its start, in user space and in the kernel. */
  readonly cpuMs: number;
}

/** Upstream's ADD may take 208 s. */
const CALL_TIMEOUT_MS = 60_000;
/** A clock tick of /proc/PID/stat, always a hundredth of a second. */
const TICK_MS = 10;

/** A side with its daemon running. */
export class Side implements AsyncDisposable {
  readonly #ids = new Map<Container, string>();
  readonly #callTimeoutMs: number;
  readonly #flags: readonly string[];
  readonly #launcher: InstalledLauncher | undefined;
  #daemon: BackgroundProcess;
  #lastContainer = 0;

  private constructor(
    readonly binary: string,
    readonly folder: string,
    daemon: BackgroundProcess,
    { callTimeoutMs, flags, launcher }: {
      readonly callTimeoutMs: number;
      readonly flags: readonly string[];
      readonly launcher: string | undefined;
    },
  ) {
    this.#launcher = launcher === undefined
      ? undefined
      : new InstalledLauncher(launcher, folder, {
        socketPath: socketPath(folder),
      });
    this.#daemon = daemon;
    this.#flags = flags;
    this.#callTimeoutMs = callTimeoutMs;
  }

  /** The daemon's socket. */
  get socketPath(): string {
    return socketPath(this.folder);
  }

  /**
   * Starts the daemon and waits until it serves.
   *
   * @param options `callTimeoutMs`: a call that takes longer is stopped and fails; `flags`: more
   * flags of the daemon; `launcher`: the launcher that makes the calls instead of `binary`.
   */
  static async start(
    binary: string,
    { folder }: Pick<DhcpLab, "folder">,
    name: string,
    { callTimeoutMs = CALL_TIMEOUT_MS, flags = [], launcher }: {
      readonly callTimeoutMs?: number;
      readonly flags?: readonly string[];
      readonly launcher?: string;
    } = {},
  ): Promise<Side> {
    const own = `${folder}/${name}`;
    await Deno.mkdir(own);
    const daemon = await startDaemon(binary, own, flags);
    return new Side(binary, own, daemon, { callTimeoutMs, flags, launcher });
  }

  /** Calls ADD for a new attachment. @returns Wall time of the plugin's process in milliseconds. */
  async add(container: Container): Promise<number> {
    this.#lastContainer += 1;
    const id = `c${this.#lastContainer}`;
    this.#ids.set(container, id);
    const { tookMs, stdout } = await this.#call("ADD", container, id);
    container.address = JSON.parse(stdout).ips[0].address;
    return tookMs;
  }

  /** Calls DEL for the container's last ADD. */
  async delete(container: Container): Promise<void> {
    await this.#call("DEL", container, this.#ids.get(container) ?? "");
  }

  /** What the daemon uses now. Other programs read it, because Deno restricts access to /proc. */
  async use(): Promise<DaemonUse> {
    const proc = `/proc/${this.#daemon.pid}`;
    const rollup = await capture(["cat", `${proc}/smaps_rollup`]);
    const megabytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1]) /
      1024;
    const stat = await capture(["cat", `${proc}/stat`]);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user = 0, kernel = 0] = fields.slice(11, 13).map(Number);
    const descriptors = await capture(["ls", `${proc}/fd`]);
    return {
      memoryMb: megabytes("Pss"),
      ownMb: megabytes("Pss_Anon"),
      threads: Number(fields[17]),
      descriptors: descriptors.trim().split("\n").length,
      cpuMs: (user + kernel) * TICK_MS,
    };
  }

  /**
   * Kills the daemon and starts another.
   *
   * @param ready What it logs once it has resumed every lease; without it, waits only until it
   * accepts connections.
   * @returns Milliseconds until then.
   */
  async restart(ready?: string): Promise<number> {
    const before = ready === undefined ? 0 : this.#daemon.count(ready);
    await this.#daemon.end("SIGKILL");
    const startMs = performance.now();
    this.#daemon = await startDaemon(this.binary, this.folder, this.#flags);
    if (ready !== undefined) {
      await this.#daemon.until(ready, () => this.#daemon.count(ready) > before);
    }
    return performance.now() - startMs;
  }

  /** The daemon's log. */
  get log(): string {
    return this.#daemon.log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#launcher?.[Symbol.dispose]();
    await this.#daemon[Symbol.asyncDispose]();
  }

  async #call(
    command: string,
    { netns }: Container,
    id: string,
  ): Promise<{ readonly tookMs: number; readonly stdout: string }> {
    return await runTimed({
      program: this.#launcher?.path ?? this.binary,
      timeoutMs: this.#callTimeoutMs,
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: id,
        CNI_NETNS: netns.path,
        CNI_IFNAME: "eth0",
        CNI_PATH: "/opt/cni/bin",
      },
      stdin: JSON.stringify({
        cniVersion: "1.0.0",
        name: "bench",
        ipam: { type: "dhcp", daemonSocketPath: socketPath(this.folder) },
      }),
    });
  }
}

async function startDaemon(
  binary: string,
  folder: string,
  flags: readonly string[],
): Promise<BackgroundProcess> {
  const path = socketPath(folder);
  // Upstream's daemon does not replace the socket of one that was killed.
  await Deno.remove(path).catch(() => {});
  const logFile = `${folder}/daemon.log`;
  return await startDhcpDaemon(binary, { socketPath: path, logFile, flags });
}

function socketPath(folder: string): string {
  return `${folder}/dhcp.sock`;
}
