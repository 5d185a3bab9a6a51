/**
 * Listening on a Unix socket: a new one, which may replace a stale one, or the one that systemd
 * passes.
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";
import { attempt, lstat, removeFile } from "../sys/files.ts";
import { Descriptor, prepared } from "./descriptor.ts";
import { checked, isErrno, SyscallError } from "./errno.ts";
import { libc, pinnedBytes } from "./libc.ts";
import {
  bindSocket,
  getOption,
  openSocket,
  SOCK,
  SOL_SOCKET,
} from "./socket.ts";
import { AF, SOCKADDR_UN, unixAddress, unixPathOf } from "./socket_address.ts";

/** For root and its group only, independent of the umask. */
const SOCKET_MODE = 0o660;
const DIRECTORY_MODE = 0o700;
/** More connections than callers open at once. The kernel limits it to net.core.somaxconn. */
const BACKLOG = 1024;
/** `sun_path` has 108 bytes, one of them for the NUL. */
const MAX_PATH_BYTES = 107;
/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const LISTEN_FDS_START = 3;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0x800;

/** A listening socket. */
export class UnixListener implements Disposable {
  /** The path of the socket file; undefined if it is not known. */
  readonly path: string | undefined;
  readonly #release: () => void;

  /** @param release Called after the socket is closed. */
  constructor(
    readonly descriptor: Descriptor,
    { path, release = () => {} }: {
      readonly path: string | undefined;
      readonly release?: () => void;
    },
  ) {
    this.path = path;
    this.#release = release;
  }

  /** Closes it. Removes its file if `listenUnix` made the file and it has not been replaced. */
  [Symbol.dispose](): void {
    if (this.descriptor.isClosed) return;
    this.descriptor[Symbol.dispose]();
    this.#release();
  }
}

/**
 * Listens at `path`. Makes missing directories, with mode 0700. The socket has mode 0660 from the
 * moment it is created. A socket file that no process listens on is replaced.
 *
 * @throws {SystemError} if another process listens at `path`, the file there is not a socket, or
 *   the system refuses.
 */
export function listenUnix(path: string): UnixListener {
  const address = socketAddressOf(path);
  const directory = path.slice(0, path.lastIndexOf("/") + 1) || ".";
  attempt(
    "mkdir",
    directory,
    () => Deno.mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE }),
  );
  // Of two processes that start at once, the second must not remove the socket of the first as
  // stale.
  using lock = attempt("open", directory, () => Deno.openSync(directory));
  if (!attempt("flock", directory, () => lock.tryLockSync(true))) {
    throw new SystemError(
      `listen unix ${path}: another process is starting to listen there`,
    );
  }
  removeStaleSocket(path, address);
  const socket = openSocket(AF.UNIX, SOCK.STREAM);
  return new UnixListener(
    prepared(socket, ({ fd }) => {
      // Before it has a name: bind(2) creates the file with these mode bits, less the umask.
      checked(libc().fchmod(fd, SOCKET_MODE), "fchmod", path);
      bindSocket(socket, address, path);
      checked(libc().listen(fd, BACKLOG), "listen", path);
      attempt("chmod", path, () => Deno.chmodSync(path, SOCKET_MODE));
    }),
    { path, release: removalOf(path) },
  );
}

/**
 * Returns the listening socket that systemd, or another program with its protocol, passes to
 * process `pid`.
 *
 * The socket file is not removed later, because systemd owns it. The variables are removed from the
 * environment, so that no child process uses them.
 *
 * @param env The environment with LISTEN_PID and LISTEN_FDS: `Deno.env`.
 * @returns Undefined if no socket is passed.
 * @throws {SystemError} if more than one is passed, or it is not a listening Unix socket. Texts are
 *   upstream's.
 */
export function activatedListener(
  env: Pick<typeof Deno.env, "get" | "delete">,
  pid: number,
): UnixListener | undefined {
  const isForUs = env.get("LISTEN_PID") === String(pid);
  const count = Number(env.get("LISTEN_FDS") ?? 0);
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) {
    env.delete(name);
  }
  if (!isForUs || !(count > 0)) return undefined;
  if (count > 1) {
    throw new SystemError(
      `Too many (${count}) FDs passed through socket activation`,
      { advice: "the socket unit must have one ListenStream=" },
    );
  }
  const socket = new Descriptor(LISTEN_FDS_START);
  if (!isListening(socket)) {
    throw new SystemError(`LISTEN_FDS=${count} but no FD found`, {
      advice: "descriptor 3 must be a listening Unix stream socket",
    });
  }
  const { fd } = socket;
  checked(libc().fcntl(fd, F_SETFD, FD_CLOEXEC), "fcntl");
  const flags = checked(libc().fcntl(fd, F_GETFL, 0), "fcntl");
  checked(libc().fcntl(fd, F_SETFL, flags | O_NONBLOCK), "fcntl");
  return new UnixListener(socket, { path: pathOf(socket) });
}

/**
 * Returns the path that a socket is bound to. Undefined if its name is not a path, or there is no
 * socket at the path, as when it was bound in another mount namespace.
 */
function pathOf({ fd }: Descriptor): string | undefined {
  const address = pinnedBytes(SOCKADDR_UN);
  const length = Uint32Array.of(SOCKADDR_UN);
  checked(libc().getsockname(fd, address, length), "getsockname");
  const path = unixPathOf(address.subarray(0, length[0]));
  return path.startsWith("/") && isSocket(path) ? path : undefined;
}

function isSocket(path: string): boolean {
  try {
    return lstat(path)?.isSocket === true;
  } catch (error) {
    // A path that this process cannot read is of no use to it.
    if (error instanceof SystemError) return false;
    throw error;
  }
}

function isListening(socket: Descriptor): boolean {
  const option = (name: number): number =>
    getOption(socket, { level: SOL_SOCKET, name, size: 4 }).getInt32(0, true);
  try {
    return option(SO_DOMAIN) === AF.UNIX && option(SO_TYPE) === SOCK.STREAM &&
      option(SO_ACCEPTCONN) === 1;
  } catch (error) {
    if (isErrno(error, "EBADF", "ENOTSOCK")) return false;
    throw error;
  }
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
  using probe = openSocket(AF.UNIX, SOCK.STREAM);
  const result = libc().connect(probe.fd, address, address.length);
  try {
    checked(result, "connect", path);
  } catch (error) {
    if (isErrno(error, "ECONNREFUSED")) return removeFile(path);
    throw inUse(path, error);
  }
  throw inUse(path, undefined);
}

function inUse(path: string, cause: unknown): SystemError {
  return new SystemError(`listen unix ${path}: bind: address already in use`, {
    advice: cause instanceof SyscallError
      ? `it is unknown whether a daemon listens there: ${cause.message}`
      : "another daemon is listening there",
    cause,
  });
}

/** Returns a function that removes the file at `path`, unless it has been replaced by then. */
function removalOf(path: string): () => void {
  const own = lstat(path);
  return () => {
    const info = lstat(path);
    if (info?.ino === own?.ino && info?.dev === own?.dev) removeFile(path);
  };
}

function socketAddressOf(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length > MAX_PATH_BYTES || name.includes(0)) {
    throw new SystemError(
      `listen unix ${path}: path has ${name.length} bytes, expected 1 to ${MAX_PATH_BYTES}`,
    );
  }
  return unixAddress(name);
}
