/** Listening on a Unix socket, which may replace a stale one. @module */

import { SystemError } from "../base/errors.ts";
import { isAbstract } from "../base/socket_name.ts";
import { attempt, lstat, removeFile } from "../sys/files.ts";
import { Descriptor, prepared } from "./descriptor.ts";
import { checked, isErrno } from "./errno.ts";
import { libc } from "./libc.ts";
import { bindSocket, openSocket, SOCK } from "./socket.ts";
import { AF, unixAddress } from "./socket_address.ts";
import { peerOf } from "./unix_connection.ts";

/** For root and its group only, independent of the umask. */
const SOCKET_MODE = 0o660;
const DIRECTORY_MODE = 0o700;
/** More connections than callers open at once. The kernel limits it to net.core.somaxconn. */
const BACKLOG = 1024;

/** A listening socket. */
export class UnixListener implements Disposable {
  /** The path of the socket file, or `@` and an abstract name; undefined if it is not known. */
  readonly path: string | undefined;
  /** Whether it has made the socket file, and removes it. */
  readonly isOwner: boolean;
  /** The socket file, as it was first seen. */
  readonly #file: Deno.FileInfo | undefined;

  constructor(
    readonly descriptor: Descriptor,
    { path, isOwner }: {
      readonly path: string | undefined;
      readonly isOwner: boolean;
    },
  ) {
    this.path = path;
    this.isOwner = isOwner;
    this.#file = this.#stat();
  }

  /**
   * Whether callers can reach the socket by its path: the socket file was neither removed nor
   * replaced. True if it has none, or its path is not known.
   *
   * @throws {SystemError} if that cannot be found out.
   */
  get isReachable(): boolean {
    const { path } = this;
    return path === undefined || isAbstract(path) || this.#isOwnFile();
  }

  /** Closes it. Removes its file if it owns one that has not been replaced. */
  [Symbol.dispose](): void {
    const { descriptor, path } = this;
    if (descriptor.isClosed) return;
    descriptor[Symbol.dispose]();
    if (path !== undefined && this.isOwner && this.#isOwnFile()) {
      removeFile(path);
    }
  }

  #isOwnFile(): boolean {
    const now = this.#stat();
    return now !== undefined && this.#file !== undefined &&
      isSameFile(now, this.#file);
  }

  #stat(): Deno.FileInfo | undefined {
    const { path } = this;
    return path === undefined || isAbstract(path) ? undefined : lstat(path);
  }
}

/**
 * Listens at `path`, or on the abstract socket whose name follows `@`.
 *
 * A socket file has mode 0660 from the moment it is created, and missing directories are made with
 * mode 0700. A socket file that no process listens on is replaced. If two processes did that at
 * once, the second would remove the socket of the first: the caller must hold a lock.
 *
 * @throws {SystemError} if another process listens there, the file there is not a socket, or the
 *   system refuses.
 */
export function listenUnix(path: string): UnixListener {
  const address = socketAddressOf(path);
  if (!isAbstract(path)) {
    makeDirectoryOf(path);
    removeStaleSocket(path, address);
  }
  const socket = openSocket(AF.UNIX, SOCK.STREAM);
  prepared(socket, ({ fd }) => {
    // Before it has a name: bind(2) creates the file with these mode bits, less the umask.
    checked(libc().fchmod(fd, SOCKET_MODE), "fchmod", path);
    bind(socket, address, path);
    checked(libc().listen(fd, BACKLOG), "listen", path);
    if (isAbstract(path)) return;
    attempt("chmod", path, () => Deno.chmodSync(path, SOCKET_MODE));
  });
  return new UnixListener(socket, { path, isOwner: !isAbstract(path) });
}

/**
 * Checks that no process listens at `path`.
 *
 * @throws {SystemError} as {@link listenUnix} does.
 */
export function refuseListening(path: string): void {
  const address = socketAddressOf(path);
  if (isAbstract(path)) return refuseIfListening(path, address);
  if (lstat(path)?.isSocket === true) refuseIfListening(path, address);
}

function makeDirectoryOf(path: string): void {
  const directory = path.slice(0, path.lastIndexOf("/") + 1) || ".";
  attempt(
    "mkdir",
    directory,
    () => Deno.mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE }),
  );
}

/** Removes the socket file at `path` if no process listens on it. */
function removeStaleSocket(
  path: string,
  address: Uint8Array<ArrayBuffer>,
): void {
  const info = lstat(path);
  if (info === undefined) return;
  if (info.isSocket !== true) {
    throw new SystemError(`listen unix ${path}: bind: address already in use`, {
      advice: `${path} is not a socket; remove it, or choose another path`,
    });
  }
  refuseIfListening(path, address);
  removeFile(path);
}

/** @throws {SystemError} if a process listens at `path`, or that cannot be found out. */
function refuseIfListening(
  path: string,
  address: Uint8Array<ArrayBuffer>,
): void {
  using probe = openSocket(AF.UNIX, SOCK.STREAM);
  const result = libc().connect(probe.fd, address, address.length);
  try {
    checked(result, "connect", path);
  } catch (error) {
    if (isErrno(error, "ECONNREFUSED", "ENOENT")) return;
    throw inUse(path, { advice: adviceFor(error), cause: error });
  }
  throw inUse(path, { advice: stopAdvice(peerOf(probe).pid) });
}

/** @throws {SystemError} if another process listens at `path`, or the system refuses. */
function bind(
  socket: Descriptor,
  address: Uint8Array<ArrayBuffer>,
  path: string,
): void {
  try {
    bindSocket(socket, address, path);
  } catch (error) {
    if (!isErrno(error, "EADDRINUSE")) throw error;
    refuseIfListening(path, address);
    throw inUse(path, { cause: error });
  }
}

function inUse(
  path: string,
  options: { readonly advice?: string; readonly cause?: unknown },
): SystemError {
  return new SystemError(
    `listen unix ${path}: bind: address already in use`,
    options,
  );
}

function adviceFor(error: unknown): string {
  const reason = error instanceof SystemError ? error.message : String(error);
  return `it is unknown whether a daemon listens there: ${reason}`;
}

/** @param pid 0 if the process is in another PID namespace. */
function stopAdvice(pid: number): string {
  const who = pid === 0 ? "another daemon" : `process ${pid}`;
  return `${who} is listening there; stop it, or choose another path`;
}

function isSameFile(one: Deno.FileInfo, other: Deno.FileInfo): boolean {
  // File systems use an inode number again.
  return one.dev === other.dev && one.ino === other.ino &&
    one.birthtime?.getTime() === other.birthtime?.getTime();
}

function socketAddressOf(path: string): Uint8Array<ArrayBuffer> {
  try {
    return unixAddress(path);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const message = `listen unix ${path}: ${error.message}`;
    throw new SystemError(message, { cause: error });
  }
}
