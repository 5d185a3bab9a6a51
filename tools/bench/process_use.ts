/** The resources that a process uses. @module */

import { capture } from "../process.ts";

/** What a process uses now. */
export interface ProcessUse {
  /** Proportional set size (PSS). */
  readonly memoryMb: number;
  /** The part of it that is not backed by files. */
  readonly ownMb: number;
  readonly threads: number;
  readonly descriptors: number;
  /** CPU time since its start, in user space and in the kernel. */
  readonly cpuMs: number;
}

/** A clock tick of /proc/PID/stat, always a hundredth of a second. */
const TICK_MS = 10;

/** Returns what a process uses. Other programs read it, because Deno restricts access to /proc. */
export async function useOf(pid: number): Promise<ProcessUse> {
  const proc = `/proc/${pid}`;
  const rollup = await capture(["cat", `${proc}/smaps_rollup`]);
  const megabytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1]) / 1024;
  const stat = await capture(["cat", `${proc}/stat`]);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user = 0, kernel = 0] = fields.slice(11, 13).map(Number);
  const descriptors = await capture(["ls", `${proc}/fd`]);
  return {
    memoryMb: megabytes("Pss"),
    ownMb: megabytes("Pss_Anon"),
    threads: Number(fields[17]),
    descriptors: descriptors.trim().split("\n").length,
    cpuMs: (user + kernel) * TICK_MS,
  };
}
