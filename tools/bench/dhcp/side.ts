/** One of the two sides that are measured: a plugin with its daemon. @module */

import type { BackgroundProcess } from "../../lab/background_process.ts";
import { InstalledLauncher } from "../../lab/installed_launcher.ts";
import { startDhcpDaemon } from "../../lab/dhcp_daemon.ts";
import { runTimed, type TimedCommand } from "../process_time.ts";
import { type ProcessUse, useOf } from "../process_use.ts";
import type { Container, DhcpLab } from "./lab.ts";

/** Upstream's ADD may take 208 s. */
const CALL_TIMEOUT_MS = 60_000;

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

  /** What the runtime starts. */
  get program(): string {
    return this.#launcher?.path ?? this.binary;
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

  /** Returns an ADD of a new attachment. */
  addCall(container: Container): TimedCommand {
    this.#lastContainer += 1;
    const id = `c${this.#lastContainer}`;
    this.#ids.set(container, id);
    return this.#call("ADD", container, id);
  }

  /** Returns the DEL for the container's last ADD. */
  deleteCall(container: Container): TimedCommand {
    return this.#call("DEL", container, this.#ids.get(container) ?? "");
  }

  /** Calls ADD for a new attachment. @returns Wall time of the plugin's process in milliseconds. */
  async add(container: Container): Promise<number> {
    const { tookMs, stdout } = await runTimed(this.addCall(container));
    container.address = JSON.parse(stdout).ips[0].address;
    return tookMs;
  }

  /** Calls DEL for the container's last ADD. */
  async delete(container: Container): Promise<void> {
    await runTimed(this.deleteCall(container));
  }

  /** What the daemon uses now. */
  async use(): Promise<ProcessUse> {
    return await useOf(this.#daemon.pid);
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

  #call(command: string, { netns }: Container, id: string): TimedCommand {
    return {
      program: this.program,
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
    };
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
