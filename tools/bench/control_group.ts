/** Control groups, which limit or measure the processes in them. Version 1 or 2. @module */

import { remember } from "../lab/interrupt.ts";
import { capture } from "../process.ts";

const MOUNT = "/sys/fs/cgroup";

/** What a group is for. */
export interface GroupUse {
  /** Limit of memory in bytes, including the page cache. */
  readonly memoryBytes?: number;
  /** Limit of CPU time in percent of one CPU. */
  readonly cpuPercent?: number;
}

/** The period of the CPU quota, which is the kernel's and Kubernetes' default. */
const PERIOD_US = 100_000;

let lastNumber = 0;

/** A group of one controller: `cpu` if its CPU time is limited, otherwise `memory`. */
export class ControlGroup implements AsyncDisposable {
  readonly #folder: string;
  readonly #isUnified: boolean;
  readonly #forget = remember(() => this.#remove());

  private constructor(folder: string, isUnified: boolean) {
    this.#folder = folder;
    this.#isUnified = isUnified;
  }

  /** @throws {Error} if the system does not let this process make the group. */
  static async create(
    { memoryBytes, cpuPercent }: GroupUse = {},
  ): Promise<ControlGroup> {
    const controller = cpuPercent === undefined ? "memory" : "cpu";
    const isUnified =
      (await readLines(`${MOUNT}/cgroup.controllers`)).length > 0;
    const parent = isUnified ? MOUNT : await ownFolder(controller);
    if (isUnified) {
      await write(`${MOUNT}/cgroup.subtree_control`, `+${controller}`);
    }
    lastNumber++;
    const folder = `${parent}/cni-ipam-bench-${Deno.pid}-${lastNumber}`;
    await capture(["mkdir", folder]);
    const group = new ControlGroup(folder, isUnified);
    try {
      if (memoryBytes !== undefined) await group.#limitMemory(memoryBytes);
      if (cpuPercent !== undefined) await group.#limitCpu(cpuPercent);
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
    return group;
  }

  /** The file that a process joins the group by: it writes 0. */
  get joinFile(): string {
    return `${this.#folder}/cgroup.procs`;
  }

  /** The command that runs another one in the group. */
  get runner(): readonly string[] {
    return ["sh", "-c", 'echo 0 >"$0"; exec "$@"', this.joinFile];
  }

  /** The most memory that its processes have had together, including the page cache. */
  async peakBytes(): Promise<number> {
    const name = this.#isUnified ? "memory.peak" : "memory.max_usage_in_bytes";
    return Number(await capture(["cat", `${this.#folder}/${name}`]));
  }

  /** Removes the group, in which no process may run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget();
    await this.#remove();
  }

  async #remove(): Promise<void> {
    await capture(["rmdir", this.#folder]);
  }

  async #limitMemory(bytes: number): Promise<void> {
    const name = this.#isUnified ? "memory.max" : "memory.limit_in_bytes";
    await write(`${this.#folder}/${name}`, String(bytes));
  }

  async #limitCpu(percent: number): Promise<void> {
    const quotaUs = percent * PERIOD_US / 100;
    if (this.#isUnified) {
      await write(`${this.#folder}/cpu.max`, `${quotaUs} ${PERIOD_US}`);
      return;
    }
    await write(`${this.#folder}/cpu.cfs_period_us`, String(PERIOD_US));
    await write(`${this.#folder}/cpu.cfs_quota_us`, String(quotaUs));
  }
}

/** The folder of this process's own group, so that its limits apply to the new one as well. */
async function ownFolder(controller: string): Promise<string> {
  for (const line of await readLines("/proc/self/cgroup")) {
    const [, controllers = "", path] = line.split(":");
    if (controllers.split(",").includes(controller)) {
      return `${MOUNT}/${controller}${path === "/" ? "" : path}`;
    }
  }
  throw new Error(`No control groups for ${controller}`);
}

/** Other programs read and write: Deno restricts access to /proc and /sys. */
async function readLines(path: string): Promise<string[]> {
  try {
    return (await capture(["cat", path])).trim().split("\n");
  } catch {
    return []; // There is no such file.
  }
}

async function write(path: string, text: string): Promise<void> {
  await capture(["sh", "-c", 'echo "$1" >"$0"', path, text]);
}
