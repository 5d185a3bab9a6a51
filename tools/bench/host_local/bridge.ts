/**
 * ADD and DEL of Debian's bridge plugin with each host-local as its IPAM plugin, in new namespaces.
 *
 * @module
 */

import { NetworkNamespace } from "../../lab/network_namespace.ts";
import type { Caller } from "../caller.ts";
import { ENGINE_GROUPS, type PerEngine, perEngine } from "../engines.ts";
import { median, type TimedCommand } from "../process_time.ts";
import type { Figures } from "./figures.ts";
import { type Programs, UPSTREAM_DIR } from "./programs.ts";

const ROUNDS = 31;

/** Measures ADD and DEL of `bridge` with each engine. */
export async function measureBridge(
  caller: Caller,
  programs: Programs,
  folder: string,
): Promise<Pick<Figures, "bridgeAddMs" | "bridgeDelMs">> {
  using bench = new BridgeBench(folder);
  const addMs: PerEngine<number[]> = perEngine(() => []);
  const delMs: PerEngine<number[]> = perEngine(() => []);
  for (const group of ENGINE_GROUPS) {
    const calls = group.flatMap((engine) =>
      bench.addAndDelete(programs.paths[engine], engine)
    );
    // The first ADD also creates the bridge.
    await caller.times(calls);
    for (let round = 0; round < ROUNDS; round += 1) {
      const times = await caller.times(calls);
      for (const [index, engine] of group.entries()) {
        addMs[engine].push(times[2 * index] ?? NaN);
        delMs[engine].push(times[2 * index + 1] ?? NaN);
      }
    }
  }
  return {
    bridgeAddMs: perEngine((engine) => median(addMs[engine])),
    bridgeDelMs: perEngine((engine) => median(delMs[engine])),
  };
}

/** Two network namespaces, one for the host and one for a container. */
class BridgeBench implements Disposable {
  readonly #host = new NetworkNamespace();
  readonly #container = new NetworkNamespace();

  /** @param root The folder for the reservations. */
  constructor(readonly root: string) {}

  /** Returns ADD and DEL of `bridge` with `hostLocal` as its IPAM plugin. */
  addAndDelete(hostLocal: string, name: string): TimedCommand[] {
    const slash = hostLocal.lastIndexOf("/");
    const config = JSON.stringify({
      cniVersion: "1.0.0",
      name,
      type: "bridge",
      bridge: `br-${name}`,
      isGateway: true,
      ipam: {
        type: hostLocal.slice(slash + 1),
        dataDir: `${this.root}/bridge`,
        ranges: [[{ subnet: "10.1.0.0/16" }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    });
    return ["ADD", "DEL"].map((command) => ({
      program: "/usr/bin/nsenter",
      args: [`--net=${this.#host.path}`, `${UPSTREAM_DIR}/bridge`],
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: "bench",
        CNI_NETNS: this.#container.path,
        CNI_IFNAME: "eth0",
        CNI_PATH: hostLocal.slice(0, slash),
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      },
      stdin: config,
    }));
  }

  /** Removes the namespaces and what is in them. */
  [Symbol.dispose](): void {
    this.#container[Symbol.dispose]();
    this.#host[Symbol.dispose]();
  }
}
