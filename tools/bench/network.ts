/** Networks with a given number of reservations, and the calls on them. @module */

import { capture } from "../process.ts";
import { type TimedCommand, timeOf } from "./process_time.ts";

const NAME = "bench";

/** The id of container number `index`, as long as those of real runtimes. */
function containerId(index: number): string {
  return index.toString(16).padStart(64, "0");
}

/** Address number `index` of 10.0.0.0/8, the first one being 10.0.0.2. */
function address(index: number): string {
  const host = index + 2;
  return `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`;
}

/** A network's directory and the binary that serves it. */
export class BenchNetwork {
  #calls = 0;

  private constructor(readonly binary: string, readonly dataDir: string) {}

  /** Creates the same network for each binary, in folders of `root`. */
  static async make(
    root: string,
    { binaries, reservations }: {
      readonly binaries: readonly string[];
      readonly reservations: number;
    },
  ): Promise<BenchNetwork[]> {
    const template = `${root}/template`;
    writeReservations(`${template}/${NAME}`, reservations);
    const networks: BenchNetwork[] = [];
    for (const [index, binary] of binaries.entries()) {
      const dataDir = `${root}/data${index}`;
      await capture(["cp", "-al", template, dataDir]);
      networks.push(new BenchNetwork(binary, dataDir));
    }
    return networks;
  }

  /** Removes the index of this project's plugin, if there is one. */
  async makeCold(): Promise<void> {
    await Deno.remove(`${this.dataDir}/${NAME}/.index.db`).catch(() => {});
  }

  /**
   * Calls ADD and then DEL for the same container, and returns the time of each in milliseconds.
   */
  async addAndDelete(): Promise<[number, number]> {
    this.#calls += 1;
    const id = containerId(0xc000000 + this.#calls);
    return [
      await timeOf(this.#command("ADD", id)),
      await timeOf(this.#command("DEL", id)),
    ];
  }

  /**
   * Makes `pairs` ADDs and DELs with this many clients at once, and returns the number of calls per
   * second.
   */
  async callsPerSecond(clients: number, pairs: number): Promise<number> {
    let waiting = pairs;
    const startMs = performance.now();
    await Promise.all(Array.from({ length: clients }, async () => {
      while (waiting > 0) {
        waiting -= 1;
        await this.addAndDelete();
      }
    }));
    return 2 * pairs * 1000 / (performance.now() - startMs);
  }

  #command(command: string, id: string): TimedCommand {
    const config = {
      cniVersion: "1.0.0",
      name: NAME,
      ipam: {
        type: "host-local",
        dataDir: this.dataDir,
        ranges: [[{ subnet: "10.0.0.0/8" }]],
      },
    };
    return {
      program: this.binary,
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: id,
        CNI_NETNS: "/dev/null",
        CNI_IFNAME: "eth0",
        CNI_PATH: "/opt/cni/bin",
      },
      stdin: JSON.stringify(config),
    };
  }
}

function writeReservations(directory: string, count: number): void {
  Deno.mkdirSync(directory, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    Deno.writeTextFileSync(
      `${directory}/${address(index)}`,
      `${containerId(index)}\r\neth0`,
      { mode: 0o600 },
    );
  }
  if (count > 0) {
    Deno.writeTextFileSync(
      `${directory}/last_reserved_ip.0`,
      address(count - 1),
    );
  }
}
