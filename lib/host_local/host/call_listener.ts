/** Listening for launchers, with what the runtime offers without the C library. @module */

import { SystemError } from "../../base/errors.ts";
import type { CallerStream } from "../../resident/serve_call.ts";
import {
  attempt,
  lstat,
  reasonOf,
  removeFile,
  renameFile,
} from "../../sys/files.ts";

/** For root alone: this mode is all that protects the socket. */
const SOCKET_MODE = 0o600;
const LOCK_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** More than most requests have; after its request a launcher only sends single bytes. */
const READ_BYTES = 4096;
/** How long to wait after a connection could not be accepted: the process is out of descriptors. */
const PAUSE_MS = 100;

/** Receives connections. */
export type OnConnection = (stream: CallerStream) => void;

/** A listening socket. Disposing of it stops new connections; open ones stay open. */
export interface CallListener extends Disposable {
  /** The path of the socket file; empty if it is not known. */
  readonly path: string;
  /**
   * Listens again if callers cannot reach the socket by its path any more.
   *
   * @returns Whether that was so.
   * @throws {SystemError} if the system refuses.
   */
  restore(): boolean;
}

/** A socket file that this process has made, and removes. */
export class OwnListener implements CallListener {
  readonly path: string;
  readonly #lock: Deno.FsFile;
  readonly #onConnection: OnConnection;
  #socket: OwnSocket;
  #isClosed = false;

  /**
   * Listens at `path`. A socket file that no process listens on is replaced.
   *
   * @throws {SystemError} if another process listens there, the file there is not a socket, or the
   *   system refuses.
   */
  static async open(
    path: string,
    onConnection: OnConnection,
  ): Promise<OwnListener> {
    makeDirectoryOf(path);
    using stack = new DisposableStack();
    const lock = stack.use(takeLock(path));
    await refuseListening(path);
    const listener = new OwnListener(path, { lock, onConnection });
    stack.move();
    return listener;
  }

  private constructor(
    path: string,
    { lock, onConnection }: {
      readonly lock: Deno.FsFile;
      readonly onConnection: OnConnection;
    },
  ) {
    this.path = path;
    this.#lock = lock;
    this.#onConnection = onConnection;
    this.#socket = listenAt(path);
    this.#serve(this.#socket.listener);
  }

  restore(): boolean {
    if (this.#isClosed || isInPlace(this.#socket, this.path)) return false;
    makeDirectoryOf(this.path);
    const socket = listenAt(this.path);
    this.#socket.listener.close();
    this.#socket = socket;
    this.#serve(socket.listener);
    return true;
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.listener.close();
    if (isInPlace(this.#socket, this.path)) removeFile(this.path);
    this.#lock.close();
  }

  async #serve(listener: Deno.UnixListener): Promise<void> {
    for (;;) {
      let connection: Deno.UnixConn;
      try {
        connection = await listener.accept();
      } catch (error) {
        if (isClosed(error)) return;
        // Out of descriptors: callers wait in the queue, and run the standalone executable then.
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        continue;
      }
      this.#onConnection(new UnixStream(connection));
    }
  }
}

/** Whether an operation has failed because this process has closed what it works on. */
function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}

/** A listening socket, and the file that callers find. */
interface OwnSocket {
  readonly listener: Deno.UnixListener;
  readonly file: Deno.FileInfo | undefined;
}

/**
 * Listens at `path`, replacing the file there.
 *
 * The socket is made in a directory of its own, which others cannot enter before the socket has its
 * mode. (A umask would do the same, if the runtime let it be set without all `sys` permissions.)
 */
function listenAt(path: string): OwnSocket {
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
    if (error instanceof Deno.errors.NotCapable) throw notPermitted(path);
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

/** Deno 2.9 has permissions for sockets, and the executable has that for one path. */
function notPermitted(path: string): SystemError {
  return new SystemError(
    `listen unix ${path}: the sandbox does not allow this path`,
    {
      advice:
        "use /run/cni/host-local.sock, or let systemd pass a socket with another path",
    },
  );
}

function isInPlace({ file }: OwnSocket, path: string): boolean {
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

/** A connection of the runtime. */
class UnixStream implements CallerStream {
  readonly #connection: Deno.UnixConn;
  readonly #buffer = new Uint8Array(READ_BYTES);

  constructor(connection: Deno.UnixConn) {
    this.#connection = connection;
  }

  async readBytes(): Promise<Uint8Array | undefined> {
    try {
      const length = await this.#connection.read(this.#buffer);
      return length === null ? undefined : this.#buffer.subarray(0, length);
    } catch {
      // Reset by the launcher, or closed by this process.
      return undefined;
    }
  }

  async writeBytes(bytes: Uint8Array): Promise<boolean> {
    try {
      let rest = bytes;
      while (rest.length > 0) {
        rest = rest.subarray(await this.#connection.write(rest));
      }
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}
