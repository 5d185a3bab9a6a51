/** A resident process that does what a test tells it, call by call. @module */

import { concatBytes, viewOf } from "../../lib/base/bytes.ts";
import { soon } from "../support/waiting.ts";

/** One step of the resident process in a call. */
export type Step = (connection: Connection) => Promise<void>;

/** A call's connection, at the side of the resident process. */
export class Connection implements Disposable {
  readonly #socket: Deno.Conn;
  /** The request as it arrived. */
  request: Uint8Array = new Uint8Array();

  constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += await this.#socket.write(bytes.subarray(done));
    }
  }

  /** Reads `size` bytes, or what comes before the end. */
  async read(size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
      const read = this.#socket.read(bytes.subarray(done));
      const length = await soon(read, "bytes").catch((error) => {
        // A launcher that was killed, or that left bytes unread.
        if (error instanceof Deno.errors.ConnectionReset) return null;
        throw error;
      });
      if (length === null) break;
      done += length;
    }
    return bytes.subarray(0, done);
  }

  /** Reads the request: 40 bytes, and the two lengths that they contain. */
  async readRequest(): Promise<void> {
    const header = await this.read(40);
    const view = viewOf(header);
    const rest = view.getUint32(12, true) + view.getUint32(16, true);
    this.request = concatBytes([header, await this.read(rest)]);
  }

  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // A step closed it.
    }
  }
}

/** A resident process that listens. */
export class ResidentProcess implements Disposable {
  readonly #path: string;
  readonly #listener: Deno.Listener;

  /** @param path Of its socket. */
  constructor(path: string) {
    this.#path = path;
    this.#listener = Deno.listen({ transport: "unix", path });
  }

  /** Accepts a call. */
  async accept(): Promise<Connection> {
    return new Connection(await soon(this.#listener.accept(), "connection"));
  }

  /** Accepts a call, and takes the steps. Returns the request. */
  async play(steps: readonly Step[]): Promise<Uint8Array> {
    using connection = await this.accept();
    for (const step of steps) await step(connection);
    return connection.request;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    try {
      Deno.removeSync(this.#path);
    } catch {
      // Removed by a test.
    }
  }
}

/** Encodes a frame: type, length, payload. */
export function frame(
  type: string,
  payload: Uint8Array = new Uint8Array(),
): Uint8Array {
  return concatBytes([header(type, payload.length), payload]);
}

/** Encodes the first five bytes of a frame. */
export function header(type: string, length: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = type.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, length, true);
  return bytes;
}

const encoder = new TextEncoder();

/** The frame `A`. */
export const ACCEPTED = frame("A");
/** The frame `B`. */
export const BEAT = frame("B");
/** The frame `N`. */
export const NOT_MINE = frame("N", encoder.encode("another root"));

/** Encodes the frame `E`. */
export function stderr(text: string): Uint8Array {
  return frame("E", encoder.encode(text));
}

/** Encodes the frame `O`. */
export function stdout(status: number, document: string): Uint8Array {
  return frame(
    "O",
    concatBytes([Uint8Array.of(status), encoder.encode(document)]),
  );
}

/** Encodes the frame `X`. */
export function end(status: number): Uint8Array {
  return frame("X", Uint8Array.of(status));
}

/** Reads the request. */
export async function request(connection: Connection): Promise<void> {
  await connection.readRequest();
}

/** Sends bytes at once. */
export function send(...parts: readonly Uint8Array[]): Step {
  return (connection) => connection.write(concatBytes(parts));
}

/** Sends bytes one by one, each in a write of its own. */
export function dribble(...parts: readonly Uint8Array[]): Step {
  return async (connection) => {
    for (const each of concatBytes(parts)) {
      await connection.write(Uint8Array.of(each));
      await pause(1)(connection);
    }
  };
}

/** Reads exactly these bytes. */
export function receive(text: string): Step {
  return async (connection) => {
    const received = new TextDecoder().decode(
      await connection.read(text.length),
    );
    if (received !== text) {
      throw new Error(`Received "${received}" instead of "${text}"`);
    }
  };
}

/** Reads the end of the connection: the launcher sends nothing more. */
export async function nothingMore(connection: Connection): Promise<void> {
  const bytes = await connection.read(1);
  if (bytes.length > 0) {
    throw new Error(
      `Received ${
        JSON.stringify(new TextDecoder().decode(bytes))
      } instead of the end`,
    );
  }
}

/** Closes the connection. */
export function close(connection: Connection): Promise<void> {
  connection[Symbol.dispose]();
  return Promise.resolve();
}

/** Lets time pass. */
export function pause(ms: number): Step {
  return () => new Promise((resolve) => setTimeout(resolve, ms));
}
