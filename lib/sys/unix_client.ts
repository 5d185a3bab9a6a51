/**
 * The plugin's end of the Unix socket: one line to the daemon, one line back. Uses no FFI.
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";
import { isAbstract } from "../base/socket_name.ts";
import { startTimeout } from "./timeout.ts";
import { isDenied, reasonOf } from "./files.ts";
import { encodeLine, lineTaker } from "../base/line_framing.ts";

const READ_BYTES = 0x10000;
/** How long to wait for a place in the daemon's queue of connections. */
const QUEUE_TIMEOUT_MS = 2000;
const QUEUE_RETRY_MS = 10;

/** A connection to a daemon. */
export class UnixClient implements Disposable {
  readonly #connection: Deno.UnixConn;
  readonly #path: string;

  constructor(connection: Deno.UnixConn, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  /**
   * Sends a line and waits for the line that answers it.
   *
   * @param timeoutMs Limit for both together. After it the connection cannot be used any more.
   * @param maxLineBytes Length of the longest answer.
   * @throws {SystemError} if no complete answer is received in time.
   * @throws {DecodeError} if the answer is too long or not UTF-8.
   */
  async call(
    line: string,
    { timeoutMs, maxLineBytes }: {
      readonly timeoutMs: number;
      readonly maxLineBytes: number;
    },
  ): Promise<string> {
    const take = lineTaker(maxLineBytes);
    return await this.exchange(encodeLine(line), { timeoutMs, take });
  }

  /**
   * Sends bytes and waits for an answer.
   *
   * @param timeoutMs As in {@link call}; at most 24 days.
   * @param take Receives each piece of the answer, and returns the answer once it is complete. What
   *   it throws passes through.
   * @throws {SystemError} if no complete answer is received in time.
   */
  async exchange<T>(
    bytes: Uint8Array,
    { timeoutMs, take }: {
      readonly timeoutMs: number;
      readonly take: (piece: Uint8Array) => T | undefined;
    },
  ): Promise<T> {
    let isLate = false;
    using _timeout = startTimeout(timeoutMs, () => {
      isLate = true;
      this[Symbol.dispose]();
    });
    try {
      await this.#write(bytes);
      return await this.#read(take);
    } catch (error) {
      if (isLate) throw this.#error(`no answer within ${timeoutMs / 1000} s`);
      // ConnectionReset: the daemon ended before it read all our bytes.
      if (
        error instanceof Deno.errors.BrokenPipe ||
        error instanceof Deno.errors.ConnectionReset
      ) {
        throw this.#error("the daemon closed the connection", error);
      }
      throw error;
    }
  }

  /**
   * Closes the connection. The daemon cancels a call that it is still serving. Closing again does
   * nothing.
   */
  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch (error) {
      // It is closed already.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    try {
      while (rest.length > 0) {
        rest = rest.subarray(await this.#connection.write(rest));
      }
    } catch (error) {
      // The daemon has refused this process, without reading its request: it has said why.
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
  }

  async #read<T>(take: (piece: Uint8Array) => T | undefined): Promise<T> {
    const buffer = new Uint8Array(READ_BYTES);
    for (;;) {
      const length = await this.#connection.read(buffer);
      if (length === null) {
        throw this.#error("the daemon closed the connection");
      }
      const answer = take(buffer.subarray(0, length));
      if (answer !== undefined) return answer;
    }
  }

  #error(reason: string, cause?: unknown): SystemError {
    return new SystemError(`unix ${this.#path}: ${reason}`, { cause });
  }
}

/**
 * Connects to the daemon that listens at `path`, or on the abstract socket whose name follows `@`.
 * Needs the permissions `read`, `write` and `net` for it.
 *
 * @throws {SystemError} if no daemon listens there, with upstream's text.
 */
export async function connectUnix(path: string): Promise<UnixClient> {
  // A leading NUL makes the name an abstract one, as for the kernel. Older runtimes refuse it.
  const name = isAbstract(path) ? `\0${path.slice(1)}` : path;
  try {
    return new UnixClient(await connect(name), path);
  } catch (error) {
    if (isAbstract(path) && error instanceof TypeError) {
      throw new SystemError(
        `dial unix ${path}: connect: this runtime has no abstract sockets`,
        { advice: "use the path of a socket file", cause: error },
      );
    }
    throw new SystemError(`dial unix ${path}: connect: ${reasonOf(error)}`, {
      advice: isDenied(error)
        ? "only root and the daemon's own user may connect"
        : "start the daemon: dhcp daemon, or cni-dhcp.service",
      isDenied: isDenied(error),
      cause: error,
    });
  }
}

/** Connects; waits a while if the queue of connections is full, as under a flood. */
async function connect(path: string): Promise<Deno.UnixConn> {
  const endMs = performance.now() + QUEUE_TIMEOUT_MS;
  for (;;) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      const isFull = error instanceof Deno.errors.WouldBlock;
      if (!isFull || performance.now() >= endMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, QUEUE_RETRY_MS));
  }
}
