/** Network namespaces that a tool makes for itself, removed with everything in them. Needs root. @module */

import { capture } from "../process.ts";
import { remember } from "./interrupt.ts";

/** Of this run, so that two runs, or one after a run that was killed, do not meet. */
const RUN = crypto.randomUUID().slice(0, 8);
let lastNumber = 0;

/** A namespace; `path` is what a runtime passes in CNI_NETNS. */
export class Netns implements AsyncDisposable {
  readonly path: string;
  readonly #forget = remember(() => this[Symbol.asyncDispose]());

  private constructor(readonly name: string) {
    this.path = `/var/run/netns/${name}`;
  }

  /** Makes one, with `lo` up. @throws {ProcessError} */
  static async make(): Promise<Netns> {
    lastNumber += 1;
    const netns = new Netns(`cni-lab-${RUN}-${lastNumber}`);
    await capture(["ip", "netns", "add", netns.name]);
    await netns.ip("link set lo up");
    return netns;
  }

  /** Runs `ip` inside; gives its standard output. @throws {ProcessError} */
  async ip(command: string): Promise<string> {
    return await capture(["ip", "-n", this.name, ...command.split(" ")]);
  }

  /** Runs many `ip` commands inside, in one process. @throws {Error} with what `ip` says. */
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget();
    await capture(["ip", "netns", "del", this.name]);
  }
}
