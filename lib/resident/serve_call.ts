/**
 * The resident side of one call: request, confirmation, the plugin's run, its result. Pure but for
 * the stream and the clock that it is given.
 *
 * The launcher confirms twice. Nothing runs before its `go`, because it may have given up on a
 * process that answers late. A result counts once the launcher has printed it: until then a handler
 * waits, and undoes what it did if the launcher is gone or silent.
 *
 * @module
 */

import { SystemError } from "../base/errors.ts";
import type { Log } from "../base/log_line.ts";
import type { Timer } from "../base/timer.ts";
import { invalidVariable } from "../cni/environment.ts";
import { type Plugin, type PluginIo, runPlugin } from "../cni/plugin.ts";
import {
  encodeFrame,
  type Frame,
  type LauncherRequest,
  MAX_DOCUMENT_BYTES,
  RequestDecoder,
  SIGNAL,
} from "./launcher_protocol.ts";

/** How long a launcher may take to send its request, and then to say `go`: it does both at once. */
const REQUEST_TIMEOUT_MS = 5000;
/** How long it may take to print the document, and to read what it is sent. */
const PRINT_TIMEOUT_MS = 10_000;
/** How often it is told that its call is still running: it gives up after 10 s of silence. */
const BEAT_INTERVAL_MS = 2000;
/** Of a reason; the launcher ignores it. */
const MAX_REASON_CHARACTERS = 250;

/** A connection of a launcher: one read and one write at a time. */
export interface CallerStream extends Disposable {
  /** Reads the next bytes; undefined if the launcher has disconnected. */
  readBytes(): Promise<Uint8Array | undefined>;
  /** Writes bytes. @returns False if the launcher has disconnected. */
  writeBytes(bytes: Uint8Array): Promise<boolean>;
}

/** What serving a call needs. */
export interface CallContext {
  /** The plugin for one call. `log` and `signal` are the call's own. */
  plugin(call: Call): Plugin;
  /** Why this process must not run the call; undefined if it may. */
  refusal(request: LauncherRequest): string | undefined;
  /** The log of the resident process. */
  readonly log: Log;
  /** Returns monotonic milliseconds. */
  nowMs(): number;
  timer(callback: () => void): Timer;
}

/** What a plugin has of its call. */
export interface Call {
  readonly request: LauncherRequest;
  /** Writes one line to the stderr of the launcher. */
  writeStderr(line: string): void;
  /** Aborted once the launcher has disconnected. */
  readonly hungUp: AbortSignal;
}

/** Serves one call to its end; closes the stream and never rejects. */
export async function serveCall(
  stream: CallerStream,
  context: CallContext,
): Promise<void> {
  using connection = new Connection(stream, context);
  try {
    const request = await connection.readRequest();
    if (request === undefined) return;
    const reason = context.refusal(request);
    if (reason !== undefined) {
      const text = reason.slice(0, MAX_REASON_CHARACTERS);
      await connection.send({ kind: "notMine", reason: text });
      return;
    }
    await connection.send({ kind: "accepted" });
    if (await connection.readSignal(REQUEST_TIMEOUT_MS) !== SIGNAL.go) return;
    await run(request, connection, context);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.log("warn", "request-failed", { reason });
  }
}

async function run(
  request: LauncherRequest,
  connection: Connection,
  context: CallContext,
): Promise<void> {
  using _beats = connection.startBeats();
  connection.watch();
  const io: PluginIo = {
    env: (name) => decodeVariable(name, request.environment.get(name)),
    readStdin: () =>
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(request.stdin),
    writeStdout: (text, exitStatus) =>
      connection.sendDocument({ kind: "document", exitStatus, text }),
    writeStderr: (line) => connection.writeStderr(line),
    pid: request.pid,
  };
  const plugin = context.plugin({
    request,
    writeStderr: io.writeStderr,
    hungUp: connection.hungUp,
  });
  const exitStatus = await runPlugin(io, plugin);
  await connection.send({ kind: "end", exitStatus });
}

function decodeVariable(
  name: string,
  value: Uint8Array | undefined,
): string | undefined {
  if (value === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(value);
  } catch (error) {
    throw invalidVariable(name, error);
  }
}

/** The stream with the messages of the protocol. */
class Connection implements Disposable {
  readonly #stream: CallerStream;
  readonly #context: CallContext;
  readonly #hungUp = new AbortController();
  /** The end of the last write. */
  #written: Promise<boolean> = Promise.resolve(true);
  #writes = 0;
  /** The byte that the launcher sends next, once that is waited for. */
  #signal: Promise<number | undefined> | undefined;

  constructor(stream: CallerStream, context: CallContext) {
    this.#stream = stream;
    this.#context = context;
  }

  get hungUp(): AbortSignal {
    return this.#hungUp.signal;
  }

  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]();
  }

  /** @returns Undefined if the launcher has disconnected. */
  async readRequest(): Promise<LauncherRequest | undefined> {
    const decoder = new RequestDecoder();
    return await this.#inTime(REQUEST_TIMEOUT_MS, "request", async () => {
      for (;;) {
        const piece = await this.#stream.readBytes();
        if (piece === undefined) return undefined;
        const request = decoder.push(piece);
        if (request !== undefined) return request;
      }
    });
  }

  /** Waits for a signal. @returns Undefined if the launcher has disconnected. */
  async readSignal(timeoutMs: number): Promise<number | undefined> {
    const signal = this.watch();
    const found = await this.#inTime(timeoutMs, "confirmation", () => signal);
    this.#signal = undefined;
    return found;
  }

  /** Waits for the next signal in the background, so as to notice when the launcher disconnects. */
  watch(): Promise<number | undefined> {
    this.#signal ??= this.#stream.readBytes().then((bytes) => {
      if (bytes === undefined) this.#hungUp.abort();
      return bytes?.at(0);
    });
    return this.#signal;
  }

  /** Sends a message after those before it. @returns False if the launcher has disconnected. */
  send(frame: Frame): Promise<boolean> {
    const bytes = encodeFrame(frame);
    this.#writes++;
    this.#written = this.#written.then(async (isOpen) => {
      const isSent = isOpen &&
        await this.#inTime(
          PRINT_TIMEOUT_MS,
          "readiness to read",
          () => this.#stream.writeBytes(bytes),
        );
      this.#writes--;
      return isSent;
    });
    return this.#written;
  }

  writeStderr(line: string): void {
    // If the launcher is gone or hangs, the line is lost; the next message notices.
    this.send({ kind: "stderr", text: `${line}\n` }).catch(() => {});
  }

  /**
   * Sends the document and waits until the launcher has printed it. The stream stays open if it has
   * not: it may print late, and the exit status tells it then that the document does not count.
   */
  async sendDocument(
    document: Extract<Frame, { readonly kind: "document" }>,
  ): Promise<void> {
    const { text } = document;
    if (text.length * 3 > MAX_DOCUMENT_BYTES) {
      const { length } = new TextEncoder().encode(text);
      if (length > MAX_DOCUMENT_BYTES) {
        throw new SystemError(
          `write stdout: ${length} bytes, more than the launcher takes`,
          { advice: "make the network configuration shorter" },
        );
      }
    }
    const isSent = await this.send(document);
    const signal = isSent ? await this.readSignal(PRINT_TIMEOUT_MS) : undefined;
    if (signal !== SIGNAL.printed) {
      throw new SystemError("write stdout: the launcher has disconnected");
    }
    this.watch();
  }

  /** Sends beats until it is disposed of. */
  startBeats(): Disposable {
    const { nowMs, timer } = this.#context;
    const beat = timer(() => {
      // While something is being written, the launcher hears of us anyway.
      if (this.#writes === 0) this.send({ kind: "beat" }).catch(() => {});
      set();
    });
    const set = (): void => beat.set(nowMs() + BEAT_INTERVAL_MS);
    set();
    return beat;
  }

  /** Waits for `work`, which goes on after that. @throws {SystemError} if it takes too long. */
  async #inTime<T>(
    timeoutMs: number,
    what: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const { nowMs, timer } = this.#context;
    const late = Promise.withResolvers<never>();
    using timeout = timer(() => {
      late.reject(
        new SystemError(`launcher: no ${what} within ${timeoutMs} ms`),
      );
    });
    timeout.set(nowMs() + timeoutMs);
    return await Promise.race([work(), late.promise]);
  }
}
