/**
 * The places where a call of the plugin can be hit: every system call that it makes on its network's directory or
 * on stdout, found by tracing the call once.
 *
 * strace is given the paths (`-P`), so that it counts and injects among the calls on these paths alone, and the ordinal
 * of a call does not depend on what the runtime does when it starts.
 * @module
 */

import {
  runTraced,
  type TracedCall,
  type TraceOptions,
  type TraceOutcome,
} from "../../support/strace.ts";

/** The system calls that touch files; a call of another kind on one of the paths (mmap, epoll_ctl) is left alone. */
const FILE_CALLS = new Set(
  ("open openat openat2 read pread64 readv write pwrite64 writev fsync fdatasync link linkat rename renameat renameat2 " +
    "unlink unlinkat mkdir mkdirat rmdir stat fstat lstat newfstatat statx getdents64 utimensat truncate ftruncate " +
    "fallocate fcntl flock close readlink readlinkat access faccessat faccessat2 chmod fchmod fchmodat lseek")
    .split(" "),
);

const WRITES = new Set(["write", "pwrite64", "writev"]);

/** What happens at a point. */
export type Fault = "KILL" | "ENOSPC" | "EIO" | "EROFS" | "EDQUOT";

/** One system call of the plugin, addressable for strace. */
export interface FaultPoint {
  readonly syscall: string;
  /** How many calls of this kind on these paths come before, plus one. */
  readonly ordinal: number;
  /** For the reader: the arguments, as traced. */
  readonly args: string;
}

/** A fault at a point. */
export interface PlannedFault {
  readonly point: FaultPoint;
  readonly fault: Fault;
}

/** All faults that can be injected at a point: the errors that a full, a read-only and a broken disk give. */
function faultsAt(point: FaultPoint): readonly Fault[] {
  return WRITES.has(point.syscall)
    ? ["KILL", "ENOSPC", "EIO", "EROFS", "EDQUOT"]
    : ["KILL", "ENOSPC", "EIO"];
}

/** Every fault at every point. */
export function allFaults(points: readonly FaultPoint[]): PlannedFault[] {
  return points.flatMap((point) =>
    faultsAt(point).map((fault) => ({ point, fault }))
  );
}

/** A kill at every point, and one of the errors, another one from point to point. */
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
 * A smaller choice that meets the same states: a kill only where the directory has changed since the last one, and one
 * error at each point, calls with the same paths counting as one point.
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

/** Whether the call changes the directory or stdout; before the first point nothing has changed, which counts too. */
function isChange(point: FaultPoint | undefined): boolean {
  if (point === undefined) return true;
  return CHANGES.test(point.syscall) || /O_CREAT|O_TRUNC/.test(point.args);
}

/** The paths among the arguments, in one text; empty if there are only descriptors. */
function pathsIn(args: string): string {
  return (args.match(/"\/[^"]*"/g) ?? []).join(" ");
}

/** The paths under `root` that a traced call of the plugin uses, and stdout. */
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
 * Runs the call with `-P` for every path and lists the points, in the order in which they are reached.
 *
 * What the runtime does with stdout when it starts, before the plugin looks at `root` for the first time, is no point.
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

/** strace counts per thread, so ordinals are right only if one thread does the file work. */
function expectOneThread(calls: readonly TracedCall[]): void {
  const threads = new Set(calls.map(({ thread }) => thread));
  if (threads.size > 1) {
    throw new Error(
      `Cannot number the calls: ${threads.size} threads touch the directory, expected 1`,
    );
  }
}

/** Runs the call with the fault at the point; undefined if the call ended without getting there. */
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
