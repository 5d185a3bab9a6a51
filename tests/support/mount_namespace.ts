/** A process in a mount namespace of its own. Needs root. @module */

import type { TestNetns } from "./network_namespaces.ts";
import { TempDir } from "./temp_dir.ts";

/** A process that sees a network namespace at a path where no other process sees it. */
export class MountNamespace implements AsyncDisposable {
  /** Path of the network namespace, for this process only. */
  readonly path: string;
  /** The same through a symbolic link whose target is absolute. */
  readonly linkedPath: string;
  readonly #directory: TempDir;
  readonly #child: Deno.ChildProcess;

  private constructor(directory: TempDir, child: Deno.ChildProcess) {
    this.#directory = directory;
    this.#child = child;
    this.path = directory.join("private/ns");
    this.linkedPath = directory.join("private/link/ns");
  }

  /** Starts the process, and waits until it sees the namespace. */
  static async start({ path }: TestNetns): Promise<MountNamespace> {
    const directory = new TempDir();
    const place = directory.join("private");
    await Deno.mkdir(place);
    const script = `mount -t tmpfs tmpfs ${place} && touch ${place}/ns &&
      mount --bind ${path} ${place}/ns && ln -s ${place} ${place}/link &&
      echo ready && exec sleep infinity`;
    const child = new Deno.Command("unshare", {
      args: ["--mount", "--propagation", "private", "sh", "-ec", script],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    for await (const _ of child.stdout) break;
    return new MountNamespace(directory, child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    this.#directory[Symbol.dispose]();
  }
}
