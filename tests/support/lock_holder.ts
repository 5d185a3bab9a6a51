/** Another process that holds a lock: `flock` of util-linux. @module */

/** Holds an exclusive `flock(2)` on a file from `take` until it is disposed. */
export class LockHolder implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** Starts the process and returns when it has the lock; creates the file if it is absent. */
  static async take(path: string): Promise<LockHolder> {
    const child = new Deno.Command("flock", {
      args: [path, "sh", "-c", "echo held; read line"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    return new LockHolder(child);
  }

  /** The process id of the holder. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Releases the lock and returns when the process has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.stdout.cancel();
    await this.#child.status;
  }
}
