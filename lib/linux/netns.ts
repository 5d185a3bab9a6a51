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
import { cString, errno, libc, pinnedBytes } from "./libc.ts";

const O_RDONLY = 0;
const O_CLOEXEC = 0x80000;
const CLONE_NEWNET = 0x40000000;
const NSFS_MAGIC = 0x6e736673n;
/** Before Linux 3.19 namespaces were files of procfs; upstream accepts both. */
const PROC_SUPER_MAGIC = 0x9fa0n;
const AT_EMPTY_PATH = 0x1000;
const STATX_INO = 0x100;
/** Larger than `struct statfs` (120 bytes on both machines). Its first 8 bytes are `f_type`. */
const STATFS_BYTES = 256;
/** `struct statx`, the same on every machine. */
const STATX_BYTES = 256;
const STATX_INO_OFFSET = 32;
const STATX_DEV_MAJOR_OFFSET = 136;
const STATX_DEV_MINOR_OFFSET = 140;

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
  // Checked before it is opened, because opening a device or a FIFO can have side effects.
  const magic = fileSystemMagic(path);
  if (magic !== NSFS_MAGIC && magic !== PROC_SUPER_MAGIC) {
    throw new NotNetnsError(
      `unknown FS magic on ${JSON.stringify(path)}: ${magic.toString(16)}`,
      {
        advice:
          "CNI_NETNS must be the path of a network namespace, such as /var/run/netns/NAME or /proc/PID/ns/net",
      },
    );
  }
  return prepared(open(path), checkEnterable);
}

function open(path: string): Netns {
  const result = libc().open(cString(path), O_RDONLY | O_CLOEXEC);
  const descriptor = new Descriptor(checked(result, "open", path));
  try {
    return new Netns(descriptor, path, identityOf(descriptor, path));
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
  own ??= open("/proc/thread-self/ns/net");
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

function fileSystemMagic(path: string): bigint {
  const buffer = pinnedBytes(STATFS_BYTES);
  const result = libc().statfs(cString(path), buffer);
  checked(result, "failed to Statfs", JSON.stringify(path));
  return new DataView(buffer.buffer).getBigUint64(0, true);
}

function identityOf(descriptor: Descriptor, path: string): NetnsIdentity {
  const buffer = pinnedBytes(STATX_BYTES);
  const result = libc().statx(
    descriptor.fd,
    cString(""),
    AT_EMPTY_PATH,
    STATX_INO,
    buffer,
  );
  checked(result, "statx", path);
  const view = new DataView(buffer.buffer);
  const major = view.getUint32(STATX_DEV_MAJOR_OFFSET, true);
  const minor = view.getUint32(STATX_DEV_MINOR_OFFSET, true);
  return {
    device: `${major}:${minor}`,
    inode: String(view.getBigUint64(STATX_INO_OFFSET, true)),
  };
}
