/** Listening on a Unix socket: a dead one is replaced, a living one refused, one of systemd's taken over. @module */

import { SystemError } from "../base/errors.ts";
import { Descriptor, prepared } from "./descriptor.ts";
import { checked, isErrno, SyscallError } from "./errno.ts";
import { attempt, lstat, removeFile } from "../sys/files.ts";
import { libc, pinnedBytes } from "./libc.ts";
import {
  AF,
  bindSocket,
  getOption,
  openSocket,
  SOCK,
  SOL_SOCKET,
} from "./socket.ts";

/** For root and its group, whatever the umask. */
const SOCKET_MODE = 0o660;
const DIRECTORY_MODE = 0o700;
/** More callers than start at one moment; the kernel cuts it to net.core.somaxconn. */
const BACKLOG = 1024;
/** `struct sockaddr_un { u16 family; char path[108]; }`, with a NUL at the end of the path. */
const SOCKADDR_UN = 110;
const SUN_PATH = 2;
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
  /** Where callers find it; undefined if nobody knows. */
  readonly path: string | undefined;
  readonly #release: () => void;

  /** @param release What is to be done after it is closed. */
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

  /** Closes it and removes its file, if it made that and nobody has put another in its place. */
  [Symbol.dispose](): void {
    if (this.descriptor.isClosed) return;
    this.descriptor[Symbol.dispose]();
    this.#release();
  }
}

/**
 * Listens at `path`; makes its directories (mode 0700). The socket has mode 0660 from its first moment.
 *
 * @throws {SystemError} If somebody answers there, something else than a socket is there, or the system refuses.
 */
export function listenUnix(path: string): UnixListener {
  const address = unixAddress(path);
  const directory = path.slice(0, path.lastIndexOf("/") + 1) || ".";
  attempt(
    "mkdir",
    directory,
    () => Deno.mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE }),
  );
  // Two that start at once must not both find the socket dead, and the second remove the first one's.
  using lock = attempt("open", directory, () => Deno.openSync(directory));
  if (!attempt("flock", directory, () => lock.tryLockSync(true))) {
    throw new SystemError(`listen unix ${path}: another process is doing so`);
  }
  clearPlace(path, address);
  const socket = openSocket(AF.UNIX, SOCK.STREAM);
  return new UnixListener(
    prepared(socket, ({ fd }) => {
      // Before it has a name: bind(2) gives the file these bits, less the umask.
      checked(libc().fchmod(fd, SOCKET_MODE), "fchmod", path);
      bindSocket(socket, address, path);
      checked(libc().listen(fd, BACKLOG), "listen", path);
      attempt("chmod", path, () => Deno.chmodSync(path, SOCKET_MODE));
    }),
    { path, release: removalOf(path) },
  );
}

/**
 * The listening socket that systemd (or another program with its protocol) passed to process `pid`; undefined if none.
 *
 * Its file stays systemd's. The variables are removed, so that no child believes them.
 *
 * @param env Where LISTEN_PID and LISTEN_FDS are; `Deno.env`.
 * @throws {SystemError} If it is more than one, or not a listening Unix socket. Texts are upstream's.
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

/** The path that a socket is bound to; undefined if it has another name, or there is no socket here: only elsewhere. */
function pathOf({ fd }: Descriptor): string | undefined {
  const address = pinnedBytes(SOCKADDR_UN);
  const length = Uint32Array.of(SOCKADDR_UN);
  checked(libc().getsockname(fd, address, length), "getsockname");
  const name = address.subarray(SUN_PATH, length[0]);
  const end = name.indexOf(0);
  const path = new TextDecoder().decode(end < 0 ? name : name.slice(0, end));
  return path.startsWith("/") && isSocket(path) ? path : undefined;
}

function isSocket(path: string): boolean {
  try {
    return lstat(path)?.isSocket === true;
  } catch (error) {
    // Of no use here, be it that somebody else can see it.
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

/** Removes a socket at `path` that nobody listens on. */
function clearPlace(path: string, address: Uint8Array<ArrayBuffer>): void {
  const info = lstat(path);
  if (info === undefined) return;
  if (info.isSocket !== true) {
    throw new SystemError(`listen unix ${path}: bind: address already in use`, {
      advice: `${path} is not a socket and is left alone`,
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
      ? `cannot tell whether a daemon listens there: ${cause.message}`
      : "another daemon answers there",
    cause,
  });
}

/** Removes the file that is at `path` now, when called, unless it is another by then. */
function removalOf(path: string): () => void {
  const own = lstat(path);
  return () => {
    const info = lstat(path);
    if (info?.ino === own?.ino && info?.dev === own?.dev) removeFile(path);
  };
}

function unixAddress(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length > MAX_PATH_BYTES || name.includes(0)) {
    throw new SystemError(
      `listen unix ${path}: the path has ${name.length} bytes, expected 1 to ${MAX_PATH_BYTES}`,
    );
  }
  const address = pinnedBytes(SOCKADDR_UN);
  new DataView(address.buffer).setUint16(0, AF.UNIX, true);
  address.set(name, SUN_PATH);
  return address;
}
