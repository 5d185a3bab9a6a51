/** A whole bridge ADD and DEL: Debian's bridge plugin with either host-local, in namespaces of the bench's own. @module */

import { capture } from "../process.ts";
import { timeOf } from "./process_time.ts";

/** Two network namespaces: one that stands for the host, and one for a container. */
export class BridgeBench implements AsyncDisposable {
  readonly #host = `cni-ipam-bench-${Deno.pid}-host`;
  readonly #pod = `cni-ipam-bench-${Deno.pid}-pod`;

  private constructor(readonly root: string) {}

  /** Makes the namespaces; `root` is a folder for the reservations and the plugin folders. */
  static async start(root: string): Promise<BridgeBench> {
    const bench = new BridgeBench(root);
    try {
      await capture(["ip", "netns", "add", bench.#host]);
      await capture(["ip", "netns", "add", bench.#pod]);
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A measure of ADD and DEL with `hostLocal` as the IPAM plugin of `bridge`, in milliseconds. */
  async measureWith(hostLocal: string, { name, bridge }: {
    readonly name: string;
    readonly bridge: string;
  }): Promise<() => Promise<[number, number]>> {
    const plugins = `${this.root}/${name}`;
    await Deno.mkdir(plugins, { recursive: true });
    await Deno.symlink(hostLocal, `${plugins}/host-local`);
    const config = JSON.stringify({
      cniVersion: "1.0.0",
      name,
      type: "bridge",
      bridge: `bench-${name}`,
      isGateway: true,
      ipam: {
        type: "host-local",
        dataDir: `${this.root}/data`,
        ranges: [[{ subnet: "10.1.0.0/16" }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    });
    const call = (command: string): Promise<number> =>
      timeOf({
        program: "/usr/bin/nsenter",
        args: [`--net=/var/run/netns/${this.#host}`, bridge],
        env: {
          CNI_COMMAND: command,
          CNI_CONTAINERID: "bench",
          CNI_NETNS: `/var/run/netns/${this.#pod}`,
          CNI_IFNAME: "eth0",
          CNI_PATH: plugins,
          PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        },
        stdin: config,
      });
    return async () => [await call("ADD"), await call("DEL")];
  }

  /** Removes the namespaces and what is in them. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [this.#pod, this.#host]) {
      await capture(["ip", "netns", "del", name]).catch(() => "");
    }
  }
}
