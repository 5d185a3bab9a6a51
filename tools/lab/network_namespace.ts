/** Network namespaces of a test or tool, removed with everything in them. Needs root. @module */

import { remember } from "./interrupt.ts";

/**
 * Runs a program to its end.
 *
 * @returns Its standard output.
 * @throws {Error} with its standard error if it fails.
 */
export function run(program: string, ...args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
  }).outputSync();
  if (success) return new TextDecoder().decode(stdout);
  const reason = new TextDecoder().decode(stderr);
  throw new Error(`${program} ${args.join(" ")}: ${reason}`);
}

/**
 * Part of the names of this run: a process id is reused, and a run that was killed leaves its
 * namespaces behind.
 */
const RUN = crypto.randomUUID().slice(0, 8);
let lastNumber = 0;

/** A new network namespace, in which `lo` is up. */
export class NetworkNamespace implements Disposable {
  readonly name: string;
  /** What a runtime passes in CNI_NETNS. */
  readonly path: string;
  readonly #forget = remember(() => this.remove());
  #isRemoved = false;

  constructor() {
    lastNumber += 1;
    this.name = `cni-ipam-${RUN}-${lastNumber}`;
    this.path = `/var/run/netns/${this.name}`;
    run("ip", "netns", "add", this.name);
    this.ip("link set lo up");
  }

  /** The command that runs another one inside. */
  get enter(): readonly string[] {
    return ["ip", "netns", "exec", this.name];
  }

  /** Runs an `ip` command inside, its words separated by spaces. @returns Its standard output. */
  ip(command: string): string {
    return run("ip", "-n", this.name, ...command.split(" "));
  }

  /** What an `ip` command lists inside. */
  // deno-lint-ignore no-explicit-any
  list(command: string): any[] {
    return JSON.parse(this.ip(`-j ${command}`));
  }

  /** Runs a program inside. @returns Its standard output. */
  exec(...command: readonly string[]): string {
    return run("ip", "netns", "exec", this.name, ...command);
  }

  /**
   * Runs many `ip` commands inside, in one process.
   *
   * @throws {Error} with what `ip` prints if one fails.
   */
  async batch(commands: readonly string[]): Promise<void> {
    const child = new Deno.Command("ip", {
      args: ["-n", this.name, "-batch", "-"],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const lines = new Response(`${commands.join("\n")}\n`);
    const [output] = await Promise.all([
      child.output(),
      lines.body?.pipeTo(child.stdin),
    ]);
    if (output.success) return;
    throw new Error(`ip: ${new TextDecoder().decode(output.stderr)}`);
  }

  /** Unmounts its path as runtimes do: also while another process has the path open. */
  unmount(): void {
    run("umount", "--lazy", this.path);
  }

  /** Removes it, before its block ends. */
  remove(): void {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    this.#forget();
    run("ip", "netns", "del", this.name);
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}
