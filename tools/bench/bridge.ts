/**
 * ADD and DEL of Debian's bridge plugin with either host-local as its IPAM plugin, in new
 * namespaces.
 *
 * @module
 */

import { NetworkNamespace } from "../lab/network_namespace.ts";
import { timeOf } from "./process_time.ts";

/** Two network namespaces, one for the host and one for a container. */
export class BridgeBench implements Disposable {
  readonly #host = new NetworkNamespace();
  readonly #container = new NetworkNamespace();

  /** @param root The folder for the reservations and the plugin folders. */
  constructor(readonly root: string) {}

  /**
   * Returns a function that measures ADD and DEL with `hostLocal` as the IPAM plugin of `bridge`,
   * in milliseconds.
   */
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
        args: [`--net=${this.#host.path}`, bridge],
        env: {
          CNI_COMMAND: command,
          CNI_CONTAINERID: "bench",
          CNI_NETNS: this.#container.path,
          CNI_IFNAME: "eth0",
          CNI_PATH: plugins,
          PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        },
        stdin: config,
      });
    return async () => [await call("ADD"), await call("DEL")];
  }

  /** Removes the namespaces and what is in them. */
  [Symbol.dispose](): void {
    this.#container[Symbol.dispose]();
    this.#host[Symbol.dispose]();
  }
}
