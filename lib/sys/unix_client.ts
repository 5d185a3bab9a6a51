/** The plugin's side of the socket: one line to the daemon, one line back. Uses no FFI. @module */

import { SystemError } from "../base/errors.ts";
import { LONGEST_WAIT_MS } from "./clock.ts";
import { reasonOf } from "./files.ts";
import { encodeLine, LineDecoder } from "../base/line_framing.ts";

const READ_BYTES = 0x10000;

/** A connection to a daemon. */
export class UnixClient implements Disposable {
  readonly #connection: Deno.UnixConn;
  readonly #path: string;

  constructor(connection: Deno.UnixConn, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  /**
   * Sends a line and waits for one.
   *
   * @param timeoutMs For both together; after that the connection is of no more use.
   * @param maxLineBytes Longest answer.
   * @throws {SystemError} If there is no whole answer in time.
   * @throws {DecodeError} If the answer is too long or not UTF-8.
   */
  async call(
    line: string,
    { timeoutMs, maxLineBytes }: {
      readonly timeoutMs: number;
      readonly maxLineBytes: number;
    },
  ): Promise<string> {
    const decoder = new LineDecoder(maxLineBytes);
    const take = (piece: Uint8Array): string | undefined => {
      decoder.push(piece);
      return decoder.next();
    };
    return await this.exchange(encodeLine(line), { timeoutMs, take });
  }

  /**
   * Sends bytes and waits for an answer.
   *
   * @param timeoutMs As with {@link call}; nobody waits longer than 24 days.
   * @param take Is given each piece that comes, until it gives the answer; what it throws is passed on.
   * @throws {SystemError} If there is no whole answer in time.
   */
  async exchange<T>(
    bytes: Uint8Array,
    { timeoutMs, take }: {
      readonly timeoutMs: number;
      readonly take: (piece: Uint8Array) => T | undefined;
    },
  ): Promise<T> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this[Symbol.dispose]();
    }, Math.min(timeoutMs, LONGEST_WAIT_MS));
    try {
      await this.#write(bytes);
      return await this.#read(take);
    } catch (error) {
      if (isLate) throw this.#error(`no answer within ${timeoutMs / 1000} s`);
      // Reset: it ended, or was killed, with bytes of ours unread.
      if (
        error instanceof Deno.errors.BrokenPipe ||
        error instanceof Deno.errors.ConnectionReset
      ) {
        throw this.#error("the daemon closed the connection", error);
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Hangs up; what the daemon was doing for this call is cancelled. The second time does nothing. */
  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch (error) {
      // Closed before.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      rest = rest.subarray(await this.#connection.write(rest));
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
 * Connects to a daemon. Needs the permissions to read and write `path`, and `net` for it.
 *
 * @throws {SystemError} If nobody listens there; the text is upstream's.
 */
export async function connectUnix(path: string): Promise<UnixClient> {
  try {
    return new UnixClient(
      await Deno.connect({ transport: "unix", path }),
      path,
    );
  } catch (error) {
    throw new SystemError(`dial unix ${path}: connect: ${reasonOf(error)}`, {
      advice: "is the daemon running? See `dhcp daemon`",
      cause: error,
    });
  }
}
