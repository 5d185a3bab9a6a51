/**
 * The points where a fault can be injected into a call of the plugin: every system call that it
 * makes on its network's directory or on stdout. A trace of the call finds them.
 *
 * strace counts and injects only among the calls on these paths (`-P`). The ordinal of a call
 * therefore does not depend on what the runtime does at its start.
 * @module
 */

import {
  runTraced,
  type TracedCall,
  type TraceOptions,
  type TraceOutcome,
} from "../../support/strace.ts";

/** The system calls on files. Other calls on one of the paths (mmap, epoll_ctl) are not points. */
const FILE_CALLS = new Set(
  ("open openat openat2 read pread64 readv write pwrite64 writev fsync fdatasync link linkat rename renameat renameat2 " +
    "unlink unlinkat mkdir mkdirat rmdir stat fstat lstat newfstatat statx getdents64 utimensat truncate ftruncate " +
    "fallocate fcntl flock close readlink readlinkat access faccessat faccessat2 chmod fchmod fchmodat lseek")
    .split(" "),
);

const WRITES = new Set(["write", "pwrite64", "writev"]);

/** The fault at a point: the process is killed, or the call fails with this error. */
export type Fault = "KILL" | "ENOSPC" | "EIO" | "EROFS" | "EDQUOT";

/** One system call of the plugin, as strace addresses it. */
export interface FaultPoint {
  readonly syscall: string;
  /** 1 for the first call of this name on these paths. */
  readonly ordinal: number;
  /** The arguments as traced, for the report. */
  readonly args: string;
}

/** A fault at a point. */
export interface PlannedFault {
  readonly point: FaultPoint;
  readonly fault: Fault;
}

/**
 * Returns all faults for a point: a kill, and the errors of a full, a read-only and a broken disk.
 */
function faultsAt(point: FaultPoint): readonly Fault[] {
  return WRITES.has(point.syscall)
    ? ["KILL", "ENOSPC", "EIO", "EROFS", "EDQUOT"]
    : ["KILL", "ENOSPC", "EIO"];
}

/** Returns every fault at every point. */
export function allFaults(points: readonly FaultPoint[]): PlannedFault[] {
  return points.flatMap((point) =>
    faultsAt(point).map((fault) => ({ point, fault }))
  );
}

/**
 * Returns a kill and one of the errors for every point, with a different error from point to point.
 */
export function eachPoint(points: readonly FaultPoint[]): PlannedFault[] {
  return points.flatMap((
    point,
    at,
  ): PlannedFault[] => [{ point, fault: "KILL" }, {
    point,
    fault: errorAt(point, at),
  }]);
}

function errorAt(point: FaultPoint, at: number): Fault {
  const [, ...errors] = faultsAt(point);
  return errors[at % errors.length] ?? "EIO";
}

/**
 * Returns fewer faults that lead to the same states: a kill only where the directory has changed
 * since the last kill, and one error for each point, where calls of one name on the same paths
 * count as one point.
 */
export function distinctFaults(points: readonly FaultPoint[]): PlannedFault[] {
  const kills = points.filter((_, at) => isChange(points[at - 1]))
    .map((point): PlannedFault => ({ point, fault: "KILL" }));
  const seen = new Set<string>();
  const errors = points.flatMap((point, at): PlannedFault[] => {
    const paths = pathsIn(point.args);
    const key = `${point.syscall} ${paths}`;
    if (paths !== "" && seen.has(key)) return [];
    seen.add(key);
    return [{ point, fault: errorAt(point, at) }];
  });
  return [...kills, ...errors];
}

const CHANGES =
  /^(mkdir|link|unlink|rmdir|rename|p?write|ftruncate|fallocate|utimensat|f?chmod)/;

/**
 * Returns whether the call changes the directory or stdout. The state before the first point counts
 * as changed.
 */
function isChange(point: FaultPoint | undefined): boolean {
  if (point === undefined) return true;
  return CHANGES.test(point.syscall) || /O_CREAT|O_TRUNC/.test(point.args);
}

/** Returns the paths among the arguments, joined by spaces; empty if there are only descriptors. */
function pathsIn(args: string): string {
  return (args.match(/"\/[^"]*"/g) ?? []).join(" ");
}

/** Traces the call and returns the paths below `root` that it uses, and that of stdout. */
export async function pathsTouched(
  trace: TraceOptions,
  { root, stdoutFile }: { readonly root: string; readonly stdoutFile: string },
): Promise<string[]> {
  const { calls } = await runTraced({ ...trace, stdoutFile, options: ["-y"] });
  const paths = new Set([stdoutFile]);
  for (const { args } of calls) {
    for (const [path] of args.matchAll(/\/[^"<>, ]+/g)) {
      if (path === root || path.startsWith(`${root}/`)) paths.add(path);
    }
  }
  return [...paths];
}

/**
 * Traces the call with `-P` for every path and returns the points in the order in which they are
 * reached.
 *
 * Leaves out what the runtime does with stdout at its start, before the first call on a path below
 * `root`.
 */
export async function findPoints(
  trace: TraceOptions,
  { paths, root }: { readonly paths: readonly string[]; readonly root: string },
): Promise<FaultPoint[]> {
  const outcome = await runTraced({ ...trace, options: pathOptions(paths) });
  const calls = outcome.calls.filter(({ name }) => FILE_CALLS.has(name));
  expectOneThread(calls);
  const counts = new Map<string, number>();
  const points = calls.map(({ name, args }) => {
    const ordinal = (counts.get(name) ?? 0) + 1;
    counts.set(name, ordinal);
    return { syscall: name, ordinal, args };
  });
  return points.slice(points.findIndex(({ args }) => args.includes(root)));
}

/**
 * strace counts per thread, so the ordinals are correct only if one thread makes all file calls.
 */
function expectOneThread(calls: readonly TracedCall[]): void {
  const threads = new Set(calls.map(({ thread }) => thread));
  if (threads.size > 1) {
    throw new Error(
      `Cannot number the calls: ${threads.size} threads touch the directory, expected 1`,
    );
  }
}

/**
 * Runs the call with the fault at the point. Returns undefined if the call ended without reaching
 * the point.
 */
export async function runWithFault(
  trace: TraceOptions,
  { paths, point, fault }: {
    readonly paths: readonly string[];
    readonly point: FaultPoint;
    readonly fault: Fault;
  },
): Promise<TraceOutcome | undefined> {
  const what = fault === "KILL" ? "signal=KILL" : `error=${fault}`;
  const outcome = await runTraced({
    ...trace,
    options: [
      ...pathOptions(paths),
      "-e",
      `inject=${point.syscall}:${what}:when=${point.ordinal}`,
    ],
  });
  const hit = fault === "KILL"
    ? outcome.events.some((event) => event.includes("killed by SIGKILL"))
    : outcome.calls.some(({ name, result }) =>
      name === point.syscall && result?.includes("(INJECTED)")
    );
  return hit ? outcome : undefined;
}

function pathOptions(paths: readonly string[]): string[] {
  return paths.flatMap((path) => ["-P", path]);
}
