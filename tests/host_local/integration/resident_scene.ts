/** A resident process without the launcher, and a network of its own, for tests. @module */

import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { OURS } from "../../support/binaries.ts";
import { environmentOf, networkConfig } from "../../support/host_local_call.ts";
import {
  encodeRequest,
  LauncherClient,
  ownRoot,
} from "../../support/launcher_client.ts";
import { TempDir } from "../../support/temp_dir.ts";

interface SceneOptions {
  /** A command that starts the resident process, such as strace. */
  readonly runner?: readonly string[];
  /** Whether the file system of the host is below a prefix: the temporary directory. */
  readonly prefix?: boolean;
}

/** A resident process, and a network. */
export class ResidentScene implements AsyncDisposable {
  readonly temp = new TempDir();
  readonly socket = this.temp.join("run/host-local.sock");
  readonly dataDir = this.temp.join("data");
  readonly network = `${this.dataDir}/net`;
  readonly daemon: BackgroundProcess;

  private constructor({ runner = [], prefix = false }: SceneOptions) {
    const path = prefix ? "/run/host-local.sock" : this.socket;
    const hostPrefix = prefix ? ["-hostprefix", this.temp.path] : [];
    this.daemon = new BackgroundProcess([
      ...[...runner, OURS, "daemon", "-debug", "-socketpath", path],
      ...hostPrefix,
    ], { logFile: this.temp.join("log"), ready: "event=serving" });
  }

  /** Starts the process, and waits until it serves. */
  static async start(options: SceneOptions = {}): Promise<ResidentScene> {
    const scene = new ResidentScene(options);
    await scene.daemon.start();
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    this.temp[Symbol.dispose]();
  }

  /** Returns a configuration of the network. @param keys Those of `ipam`. */
  config(keys: Readonly<Record<string, unknown>> = {}): string {
    const { dataDir } = this;
    return networkConfig({ dataDir, subnets: ["10.1.0.0/16"], ipam: keys });
  }

  /** Connects and sends a request. */
  async request(
    { command = "ADD", containerId = "c1", config = this.config(), ...more }: {
      readonly command?: string;
      readonly containerId?: string;
      readonly config?: string;
      readonly root?: { readonly device: number; readonly inode: number };
      readonly version?: number;
    } = {},
  ): Promise<LauncherClient> {
    const client = await LauncherClient.connect(this.socket);
    const env = environmentOf({ command, containerId });
    const root = ownRoot();
    await client.send(encodeRequest({ env, stdin: config, root, ...more }));
    return client;
  }
}
