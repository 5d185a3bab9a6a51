/**
 * Network namespaces: opening one by its path, and running code inside it.
 *
 * A descriptor or socket of a namespace keeps it alive, so both are meant to be held for an exchange and not for a lease.
 * @module
 */

import { SystemError } from "../base/errors.ts";
import { formatLogLine } from "../base/log_line.ts";
import { Descriptor, prepared } from "./descriptor.ts";
import { checked, isErrno, SyscallError } from "./errno.ts";
import { cString, errno, libc, pinnedBytes } from "./libc.ts";
import { writeStderr } from "../sys/stdio.ts";

const O_RDONLY = 0;
const O_CLOEXEC = 0x80000;
const CLONE_NEWNET = 0x40000000;
const NSFS_MAGIC = 0x6e736673n;
/** Namespaces were files of procfs before Linux 3.19; upstream accepts both. */
const PROC_SUPER_MAGIC = 0x9fa0n;
const AT_EMPTY_PATH = 0x1000;
const STATX_INO = 0x100;
/** Larger than `struct statfs` of both machines (120); `f_type` are its first 8 bytes. */
const STATFS_BYTES = 256;
/** `struct statx`, the same on every machine. */
const STATX_BYTES = 256;
const STATX_INO_OFFSET = 32;
const STATX_DEV_MAJOR_OFFSET = 136;
const STATX_DEV_MINOR_OFFSET = 140;

/** What tells a namespace from every other that lives at the same time: `major:minor` of its file system, and inode. */
export interface NetnsIdentity {
  readonly device: string;
  readonly inode: string;
}

/** There is a file at the path of a namespace, but it is not a network namespace. */
export class NotNetnsError extends SystemError {}

/** An open network namespace. Closing it does not end sockets that were opened in it. */
export class Netns implements Disposable {
  readonly #descriptor: Descriptor;

  /** @param path Where it was opened, for messages. */
  constructor(
    descriptor: Descriptor,
    readonly path: string,
    readonly identity: NetnsIdentity,
  ) {
    this.#descriptor = descriptor;
  }

  /** The descriptor's number. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

/**
 * Opens the network namespace at `path`, any path; those under /proc are fine, whatever the sandbox. Texts are upstream's.
 *
 * @throws {SystemError} If nothing is there, it is not a network namespace, or may not be entered (CAP_SYS_ADMIN).
 */
export function openNetns(path: string): Netns {
  // Looked at before it is opened: opening a device or a FIFO by mistake would have effects.
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
  return prepared(open(path), enterOnce);
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

/** A namespace of another kind, or a file of procfs that is none, cannot be entered as a network namespace. */
function enterOnce(netns: Netns): void {
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

/** Whether two identities are of one namespace. */
export function isSameNetns(one: NetnsIdentity, other: NetnsIdentity): boolean {
  return one.device === other.device && one.inode === other.inode;
}

let own: Netns | undefined;

/** The namespace of this process, opened at the first call and never closed. */
export function ownNetns(): Netns {
  // thread-self, because a thread can be elsewhere: each enters on its own.
  own ??= open("/proc/thread-self/ns/net");
  return own;
}

/** A result that is there when the function returns: anything but a promise. */
type Synchronous<T> = T extends PromiseLike<unknown> ? never : T;

/**
 * Runs `body` inside `netns`. What it opens stays there; what it awaits would not, so it must not be async.
 *
 * Ends the process if the way back fails, since everything after would happen in a stranger's network.
 *
 * @throws {SyscallError} If the namespace cannot be entered (needs CAP_SYS_ADMIN); and whatever `body` throws.
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
