/**
 * The server of a daemon's metrics: HTTP/1.1, one request for each connection.
 *
 * `Deno.serve` has no deadline for the head of a request and no limit for connections.
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";
import type { Log } from "../base/log_line.ts";
import {
  type MetricsEndpoint,
  parseMetricsEndpoint,
} from "../metrics/endpoint.ts";
import {
  formatAnswer,
  formatRefusal,
  parseHttpRequest,
} from "../metrics/http_exchange.ts";
import { acceptConnections } from "./accept_connections.ts";
import type { RestorableFile } from "./file_check.ts";
import { reasonOf } from "./files.ts";
import { SocketFile } from "./socket_file.ts";

/**
 * Connections at the same time. A further one ends the oldest, so that silent ones block no scrape.
 */
const MAX_CONNECTIONS = 8;
/** More than the head of any request of Prometheus. */
const MAX_HEAD_BYTES = 8192;
/** How long a connection may take. The scrape timeout of Prometheus is as long by default. */
const TIMEOUT_MS = 10_000;

/** What the server needs. */
export interface MetricsServerOptions {
  /** Prefix of the path of a unix socket. */
  readonly hostPrefix: string;
  /** What to do if the sandbox does not allow the address. */
  readonly advice: string;
  readonly log: Log;
  /** Returns the metrics as they are now. */
  text(): string | Promise<string>;
  readonly timeoutMs?: number;
}

type Connection = Deno.Conn | Deno.UnixConn;

/** A listening socket for scrapes. Disposing of it ends the running ones. */
export class MetricsServer implements RestorableFile, Disposable {
  readonly #options: MetricsServerOptions;
  readonly #socket: SocketFile | Deno.TcpListener;
  readonly #connections = new Set<Connection>();

  /**
   * Listens at `unix:PATH` or `ADDRESS:PORT`.
   *
   * @throws {SystemError} if the address is neither, or the operating system or the sandbox refuses
   *   it.
   */
  static async open(
    address: string,
    options: MetricsServerOptions,
  ): Promise<MetricsServer> {
    const endpoint = parseMetricsEndpoint(address);
    return new MetricsServer(await listen(endpoint, options), options);
  }

  private constructor(
    socket: SocketFile | Deno.TcpListener,
    options: MetricsServerOptions,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#accept();
  }

  /** Where it listens, as the flag has it. */
  get address(): string {
    const socket = this.#socket;
    if (socket instanceof SocketFile) return `unix:${socket.path}`;
    const { hostname, port } = socket.addr;
    return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  }

  /** The path of the socket file; empty if there is none. */
  get path(): string {
    return this.#socket instanceof SocketFile ? this.#socket.path : "";
  }

  restore(): boolean {
    const socket = this.#socket;
    if (!(socket instanceof SocketFile) || !socket.restore()) return false;
    this.#accept();
    return true;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
    for (const connection of this.#connections) close(connection);
  }

  #accept(): void {
    const socket = this.#socket;
    const listener: { accept(): Promise<Connection> } =
      socket instanceof SocketFile ? socket.listener : socket;
    acceptConnections(listener, (connection) => this.#serve(connection));
  }

  async #serve(connection: Connection): Promise<void> {
    if (this.#connections.size >= MAX_CONNECTIONS) this.#endOldest();
    this.#connections.add(connection);
    const { timeoutMs = TIMEOUT_MS, log } = this.#options;
    const deadline = setTimeout(() => close(connection), timeoutMs);
    try {
      const answer = await this.#answer(connection);
      if (answer !== undefined) await write(connection, answer);
    } catch (error) {
      const stack = error instanceof Error ? error.stack ?? "" : String(error);
      log("error", "unexpected-error", { stack });
    } finally {
      clearTimeout(deadline);
      this.#connections.delete(connection);
      close(connection);
    }
  }

  #endOldest(): void {
    const [oldest] = this.#connections;
    if (oldest === undefined) return;
    this.#connections.delete(oldest);
    close(oldest);
  }

  /** @returns Undefined if the caller has disconnected, or had its time. */
  async #answer(connection: Connection): Promise<Uint8Array | undefined> {
    const buffer = new Uint8Array(MAX_HEAD_BYTES);
    const decoder = new TextDecoder("latin1");
    let length = 0;
    while (length < buffer.length) {
      const count = await read(connection, buffer.subarray(length));
      if (count === undefined) return undefined;
      length += count;
      const text = decoder.decode(buffer.subarray(0, length));
      const request = parseHttpRequest(text);
      if (request === undefined) continue;
      return request.kind === "refused"
        ? formatRefusal(request.status)
        : formatAnswer(await this.#options.text(), request.hasBody);
    }
    return formatRefusal("400");
  }
}

async function listen(
  endpoint: MetricsEndpoint,
  { hostPrefix, advice }: MetricsServerOptions,
): Promise<SocketFile | Deno.TcpListener> {
  if (endpoint.kind === "unix") {
    return await SocketFile.open(`${hostPrefix}${endpoint.path}`, advice);
  }
  const { hostname, port } = endpoint;
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    const isRefused = error instanceof Deno.errors.NotCapable;
    throw new SystemError(
      `listen tcp ${hostname} port ${port}: ${
        isRefused ? "the sandbox does not allow this address" : reasonOf(error)
      }`,
      { advice: isRefused ? advice : "", cause: error },
    );
  }
}

/** @returns Undefined at the end, or if the connection is broken or closed. */
async function read(
  connection: Connection,
  buffer: Uint8Array,
): Promise<number | undefined> {
  try {
    return await connection.read(buffer) ?? undefined;
  } catch {
    // Reset by the caller, or closed by this process after its time.
    return undefined;
  }
}

async function write(connection: Connection, bytes: Uint8Array): Promise<void> {
  try {
    let rest = bytes;
    while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
    await connection.closeWrite();
  } catch {
    // The caller is gone, or had its time.
  }
}

function close(connection: Connection): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
