/**
 * Network namespaces: opening one by its path, and running code inside it.
 *
 * A descriptor or socket of a namespace keeps the namespace alive. Hold it for one operation, not
 * for the life of a lease.
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";
import { formatLogLine } from "../base/log_line.ts";
import type { NetnsIdentity } from "../net/netns_identity.ts";
import { writeStderr } from "../sys/stdio.ts";
import { Descriptor, prepared } from "./descriptor.ts";
import { checked, isErrno, SyscallError } from "./errno.ts";
import { statusOf } from "./file_status.ts";
import { cString, errno, libc, pinnedBytes } from "./libc.ts";

const O_RDONLY = 0;
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;
const O_PATH = 0x200000;
const SYS_OPENAT2 = 437n;
const RESOLVE_IN_ROOT = 0x10n;
const CLONE_NEWNET = 0x40000000;
const NSFS_MAGIC = 0x6e736673n;
/** Before Linux 3.19 namespaces were files of procfs; upstream accepts both. */
const PROC_SUPER_MAGIC = 0x9fa0n;
/** Larger than `struct statfs` (120 bytes on both machines). Its first 8 bytes are `f_type`. */
const STATFS_BYTES = 256;

/** What a path leads to is not a network namespace. */
export class NotNetnsError extends SystemError {}

/** An open network namespace. Sockets that were opened in it stay open when it is disposed of. */
export class Netns implements Disposable {
  readonly #descriptor: Descriptor;

  /** @param path The path that it was opened by, for error messages. */
  constructor(
    descriptor: Descriptor,
    readonly path: string,
    readonly identity: NetnsIdentity,
  ) {
    this.#descriptor = descriptor;
  }

  /** The number of its descriptor. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

/**
 * Opens the network namespace at `path`. Deno's sandbox does not restrict the path. Error texts are
 * upstream's.
 *
 * @throws {NotNetnsError} if it is a file of another kind, or another kind of namespace.
 * @throws {SyscallError} if there is no such path, or the namespace cannot be entered (needs
 *   CAP_SYS_ADMIN).
 */
export function openNetns(path: string): Netns {
  const result = libc().open(cString(path), O_PATH | O_CLOEXEC);
  return openFile(result, path);
}

/**
 * Opens the network namespace at `path` as the process `pid` sees it: in its mount namespace, under
 * its root.
 *
 * @throws {NotNetnsError} if it is a file of another kind, or another kind of namespace.
 * @throws {SyscallError} if there is no such process or path, or they may not be accessed
 *   (CAP_SYS_PTRACE, CAP_SYS_ADMIN).
 */
export function openNetnsOfProcess(pid: number, path: string): Netns {
  const root = `/proc/${pid}/root`;
  using directory = new Descriptor(
    checked(libc().open(cString(root), O_PATH | O_CLOEXEC), "open", root),
  );
  try {
    return openFile(openBelow(directory, path), path);
  } catch (error) {
    // EXDEV: openat2(2) follows no magic link of procfs. ENOSYS: Linux before 5.6 does not have it.
    if (!isErrno(error, "EXDEV", "ENOSYS")) throw error;
    return openNetns(`${root}${path}`);
  }
}

/** Finds a file as a process does whose root is `directory`: absolute links stay below it. */
function openBelow({ fd }: Descriptor, path: string): number | bigint {
  // struct open_how { u64 flags; u64 mode; u64 resolve; }
  const how = BigUint64Array.of(
    BigInt(O_PATH | O_CLOEXEC),
    0n,
    RESOLVE_IN_ROOT,
  );
  const size = BigInt(how.byteLength);
  return libc().openat2(SYS_OPENAT2, fd, cString(path), how, size);
}

/**
 * Opens the namespace that was found.
 *
 * @param found The result of a call with O_PATH. That finds a file once and does not open it:
 * another
 *   user may replace it at any time by a FIFO or a device, which could block or have side effects.
 */
function openFile(found: number | bigint, path: string): Netns {
  const quoted = JSON.stringify(path);
  using file = new Descriptor(checked(found, "failed to Statfs", quoted));
  const magic = fileSystemMagic(file, path);
  if (magic !== NSFS_MAGIC && magic !== PROC_SUPER_MAGIC) {
    throw new NotNetnsError(
      `unknown FS magic on ${quoted}: ${magic.toString(16)}`,
      {
        advice:
          "CNI_NETNS must be the path of a network namespace, such as /var/run/netns/NAME or /proc/PID/ns/net",
      },
    );
  }
  const opened = open(`/proc/self/fd/${file.fd}`, path);
  return prepared(opened, checkEnterable);
}

function open(file: string, path: string): Netns {
  const flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  const result = libc().open(cString(file), flags);
  const descriptor = new Descriptor(checked(result, "open", path));
  try {
    const { device, inode } = statusOf(descriptor, path);
    return new Netns(descriptor, path, { device, inode });
  } catch (error) {
    descriptor[Symbol.dispose]();
    throw error;
  }
}

/** Only a network namespace can be entered as one: not another kind, nor another file of procfs. */
function checkEnterable(netns: Netns): void {
  try {
    withNetns(netns, () => undefined);
  } catch (error) {
    if (!isErrno(error, "EINVAL")) throw error;
    throw new NotNetnsError(
      `${JSON.stringify(netns.path)} is not a network namespace`,
      { cause: error },
    );
  }
}

let own: Netns | undefined;

/** Returns the namespace of this process, which is opened by the first call and never closed. */
export function ownNetns(): Netns {
  // thread-self, because each thread enters namespaces on its own.
  const path = "/proc/thread-self/ns/net";
  own ??= open(path, path);
  return own;
}

/** Anything but a promise. */
type Synchronous<T> = T extends PromiseLike<unknown> ? never : T;

/**
 * Runs `body` inside `netns`. Sockets that it opens stay in that namespace. It must not be async:
 * code after an `await` would run outside. What it throws passes through.
 *
 * If the thread cannot return to its own namespace, the process aborts, because everything after
 * that would happen in the wrong network.
 *
 * @throws {SyscallError} if the namespace cannot be entered (needs CAP_SYS_ADMIN).
 */
export function withNetns<T>(netns: Netns, body: () => Synchronous<T>): T {
  const home = ownNetns();
  checked(libc().setns(netns.fd, CLONE_NEWNET), "setns", netns.path);
  try {
    return body();
  } finally {
    if (libc().setns(home.fd, CLONE_NEWNET) < 0) {
      abort(new SyscallError("setns", errno(), `back from ${netns.path}`));
    }
  }
}

function abort({ message }: SyscallError): void {
  try {
    writeStderr(formatLogLine("error", "command-failed", {
      reason: `${message}; aborting`,
    }));
  } finally {
    libc().abort();
  }
}

function fileSystemMagic({ fd }: Descriptor, path: string): bigint {
  const buffer = pinnedBytes(STATFS_BYTES);
  const result = libc().fstatfs(fd, buffer);
  checked(result, "failed to Statfs", JSON.stringify(path));
  return new DataView(buffer.buffer).getBigUint64(0, true);
}
