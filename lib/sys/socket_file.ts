/** A unix socket that this process listens on, and its file. @module */

import { SystemError } from "../base/errors.ts";
import { attempt, lstat, reasonOf, removeFile, renameFile } from "./files.ts";

/** For root alone: this mode is all that protects the socket. */
const SOCKET_MODE = 0o600;
const LOCK_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** A socket file that this process has made, and removes. */
export class SocketFile implements Disposable {
  readonly path: string;
  readonly #lock: Deno.FsFile;
  /** What to do if the sandbox does not allow the path. */
  readonly #advice: string;
  #socket: ListeningSocket;
  #isClosed = false;

  /**
   * Listens at `path`, with mode 0600. A socket file that no process listens on is replaced.
   *
   * @param advice What to do if the sandbox does not allow the path.
   * @throws {SystemError} if another process listens there, the file there is not a socket, or the
   *   system refuses.
   */
  static async open(path: string, advice: string): Promise<SocketFile> {
    makeDirectoryOf(path);
    using stack = new DisposableStack();
    const lock = stack.use(takeLock(path));
    await refuseListening(path);
    const file = new SocketFile(path, { lock, advice });
    stack.move();
    return file;
  }

  private constructor(
    path: string,
    { lock, advice }: {
      readonly lock: Deno.FsFile;
      readonly advice: string;
    },
  ) {
    this.path = path;
    this.#lock = lock;
    this.#advice = advice;
    this.#socket = listenAt(path, advice);
  }

  /** The listening socket; another one after {@link SocketFile.restore} has returned true. */
  get listener(): Deno.UnixListener {
    return this.#socket.listener;
  }

  /**
   * Listens again if callers cannot reach the socket by its path any more.
   *
   * @returns Whether that was so. The socket before is closed then.
   * @throws {SystemError} if the system refuses.
   */
  restore(): boolean {
    if (this.#isClosed || isInPlace(this.#socket, this.path)) return false;
    makeDirectoryOf(this.path);
    const socket = listenAt(this.path, this.#advice);
    this.#socket.listener.close();
    this.#socket = socket;
    return true;
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.listener.close();
    if (isInPlace(this.#socket, this.path)) removeFile(this.path);
    this.#lock.close();
  }
}

/** A listening socket, and the file that callers find. */
interface ListeningSocket {
  readonly listener: Deno.UnixListener;
  readonly file: Deno.FileInfo | undefined;
}

/**
 * Listens at `path`, replacing the file there.
 *
 * The socket is made in a directory of its own, which others cannot enter before the socket has its
 * mode. (A umask would do the same, if the runtime let it be set without all `sys` permissions.)
 */
function listenAt(path: string, advice: string): ListeningSocket {
  const directory = `${path}.new`;
  const temporary = `${directory}/socket`;
  using stack = new DisposableStack();
  const remove = (): void =>
    attempt("remove", directory, () => {
      if (lstat(directory) !== undefined) {
        Deno.removeSync(directory, { recursive: true });
      }
    });
  // Left behind by a process that was killed.
  remove();
  attempt(
    "mkdir",
    directory,
    () => Deno.mkdirSync(directory, { mode: DIRECTORY_MODE }),
  );
  stack.defer(remove);
  let listener: Deno.UnixListener;
  try {
    listener = Deno.listen({ transport: "unix", path: temporary });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw notPermitted(path, advice);
    }
    throw new SystemError(`listen unix ${path}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  try {
    attempt("chmod", temporary, () => Deno.chmodSync(temporary, SOCKET_MODE));
    renameFile(temporary, path);
    return { listener, file: lstat(path) };
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** Deno 2.9 has permissions for sockets, and an executable has those for a few paths. */
function notPermitted(path: string, advice: string): SystemError {
  return new SystemError(
    `listen unix ${path}: the sandbox does not allow this path`,
    { advice },
  );
}

function isInPlace({ file }: ListeningSocket, path: string): boolean {
  const now = lstat(path);
  return now !== undefined && now.dev === file?.dev && now.ino === file.ino &&
    now.birthtime?.getTime() === file.birthtime?.getTime();
}

function makeDirectoryOf(path: string): void {
  const directory = path.slice(0, path.lastIndexOf("/") + 1) || ".";
  attempt(
    "mkdir",
    directory,
    () => Deno.mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE }),
  );
}

/** Keeps other processes from replacing the socket, as long as the file is open. */
function takeLock(path: string): Deno.FsFile {
  const lockPath = `${path}.lock`;
  const file = attempt("open", lockPath, () =>
    Deno.openSync(lockPath, {
      read: true,
      write: true,
      create: true,
      mode: LOCK_MODE,
    }));
  try {
    if (attempt("flock", lockPath, () => file.tryLockSync(true))) return file;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  throw inUse(path, `to see by which process: fuser -v ${lockPath}`);
}

async function refuseListening(path: string): Promise<void> {
  const info = lstat(path);
  if (info === undefined) return;
  if (info.isSocket !== true) {
    throw inUse(
      path,
      `${path} is not a socket; remove it, or choose another path`,
    );
  }
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (
      error instanceof Deno.errors.ConnectionRefused ||
      error instanceof Deno.errors.NotFound
    ) return;
    throw inUse(
      path,
      `it is unknown whether a process listens there: ${reasonOf(error)}`,
    );
  }
  throw inUse(
    path,
    "another process is listening there; stop it, or choose another path",
  );
}

function inUse(path: string, advice: string): SystemError {
  return new SystemError(`listen unix ${path}: bind: address already in use`, {
    advice,
  });
}
