/** Listening for launchers, with what the runtime offers without the C library. @module */

import type { CallerStream } from "../../resident/launcher_connection.ts";
import { acceptConnections } from "../../sys/accept_connections.ts";
import { SocketFile } from "../../sys/socket_file.ts";

/** More than most requests have; after its request a launcher only sends single bytes. */
const READ_BYTES = 4096;

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
  readonly #file: SocketFile;
  readonly #onConnection: OnConnection;

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
    const advice =
      "use /run/cni/host-local.sock, or let systemd pass a socket with another path";
    return new OwnListener(await SocketFile.open(path, advice), onConnection);
  }

  private constructor(file: SocketFile, onConnection: OnConnection) {
    this.#file = file;
    this.#onConnection = onConnection;
    this.#serve();
  }

  get path(): string {
    return this.#file.path;
  }

  restore(): boolean {
    if (!this.#file.restore()) return false;
    this.#serve();
    return true;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #serve(): void {
    acceptConnections(
      this.#file.listener,
      (connection) => this.#onConnection(new UnixStream(connection)),
    );
  }
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
