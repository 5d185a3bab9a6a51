/**
 * The launcher and the resident process of host-local, installed as on a node. Needs root.
 *
 * Both are in a mount namespace whose /run is their own, because the launcher knows one socket.
 *
 * @module
 */

import { BackgroundProcess } from "../../tools/lab/background_process.ts";
import { LAUNCHER_BIN, OURS } from "./binaries.ts";
import type { Requirement } from "./requirements.ts";
import { TempDir } from "./temp_dir.ts";

/** What the resident process needs from the machine. */
export const RESIDENT_REQUIREMENTS: readonly Requirement[] = [
  "root",
  "command:unshare",
  "command:nsenter",
  `binary:${OURS}`,
  `binary:${LAUNCHER_BIN}`,
];

/** An installation of the launcher, the standalone executable and the resident process. */
export class ResidentHostLocal implements AsyncDisposable {
  /** A program that runs the launcher: to be called as the plugin is. */
  readonly binary: string;
  /** The path of the launcher, in the namespace. */
  readonly launcher: string;
  /** The path of the standalone executable that the launcher runs. */
  readonly standalone: string;
  /** The resident process. */
  readonly daemon: BackgroundProcess;
  #stack = new AsyncDisposableStack();
  readonly #namespace: BackgroundProcess;

  private constructor({ temp, namespace, runner, flags }: {
    readonly temp: TempDir;
    readonly namespace: BackgroundProcess;
    readonly runner: readonly string[];
    readonly flags: readonly string[];
  }) {
    this.#namespace = namespace;
    this.binary = temp.join("call");
    this.launcher = temp.join("host-local");
    this.standalone = `${this.launcher}.standalone`;
    Deno.linkSync(LAUNCHER_BIN, this.launcher);
    Deno.symlinkSync(OURS, this.standalone);
    const enter = this.inNamespace([`--wdns="$PWD"`, this.launcher]).join(" ");
    Deno.writeTextFileSync(this.binary, `#!/bin/sh\nexec ${enter}\n`, {
      mode: 0o755,
    });
    this.daemon = new BackgroundProcess(
      this.inNamespace([
        ...[...runner, this.standalone, "daemon", "-debug"],
        ...flags,
      ]),
      { logFile: temp.join("log"), ready: "event=serving" },
    );
  }

  /**
   * @param options `runner`: a command that starts the resident process, such as setpriv(1).
   *   `flags`: more flags of it.
   */
  static async start(
    { runner = [], flags = [] }: {
      readonly runner?: readonly string[];
      readonly flags?: readonly string[];
    } = {},
  ): Promise<ResidentHostLocal> {
    await using stack = new AsyncDisposableStack();
    const temp = stack.use(new TempDir());
    const namespace = stack.use(
      // A network namespace that is removed outside is then removed inside as well. Otherwise it
      // would exist as long as this mount namespace.
      await BackgroundProcess.start([
        ...["unshare", "--mount", "--propagation", "slave", "sh", "-ec"],
        "mount -t tmpfs tmpfs /run && echo mounted && exec sleep infinity",
      ], { logFile: temp.join("namespace"), ready: "mounted" }),
    );
    const resident = new ResidentHostLocal({
      temp,
      namespace,
      runner,
      flags,
    });
    stack.use(resident.daemon);
    await resident.daemon.start();
    resident.#stack = stack.move();
    return resident;
  }

  /** Returns the words that run a command in the namespace. */
  inNamespace(command: readonly string[]): string[] {
    return [
      "nsenter",
      `--target=${this.#namespace.pid}`,
      "--mount",
      ...command,
    ];
  }

  /** Returns the path under which this process sees a path of the namespace. */
  outside(path: string): string {
    return `/proc/${this.#namespace.pid}/root${path}`;
  }

  /** How many calls the resident process has run, over all its starts. */
  get calls(): number {
    return this.daemon.count("event=call-started");
  }

  /** How many calls it has refused, as its log says; after 50 not each of them. */
  get refusals(): number {
    return this.daemon.count("event=call-refused");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
