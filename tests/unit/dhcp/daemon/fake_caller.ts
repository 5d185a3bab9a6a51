/** A plugin's connection, in memory. @module */

import { SystemError } from "../../../../lib/base/errors.ts";
import type {
  CallerConnection,
  ServerContext,
} from "../../../../lib/dhcp/daemon/server.ts";

/** A daemon of root whose clock stands still, and which no launcher calls. */
export const SERVER_CONTEXT: ServerContext = {
  ownUid: 0,
  version: "1.2.3",
  log: () => {},
  nowMs: () => 0,
  serveLauncher: () => Promise.reject(new Error("no launcher is here")),
};

/** A caller that sends some lines and keeps the answers. */
export class FakeCaller implements CallerConnection {
  readonly peer: { readonly pid: number; readonly uid: number };
  readonly answers: string[] = [];
  isClosed = false;
  /** Called with each answer. */
  onAnswer: (line: string) => void = () => {};
  readonly #lines: string[];
  readonly #hungUp = new AbortController();
  #notify: (() => void) | undefined;

  constructor(
    lines: readonly string[],
    { pid = 1, uid = 0 }: { readonly pid?: number; readonly uid?: number } = {},
  ) {
    this.#lines = [...lines];
    this.peer = { pid, uid };
  }

  get hungUp(): AbortSignal {
    return this.#hungUp.signal;
  }

  /** Sends another line. */
  send(line: string): void {
    this.#lines.push(line);
    this.#notify?.();
  }

  /** Disconnects. */
  hangUp(): void {
    this.#hungUp.abort();
    this.#notify?.();
  }

  async peekByte(timeoutMs: number): Promise<number | undefined> {
    if (timeoutMs <= 0) throw new SystemError("late");
    for (;;) {
      const [line] = this.#lines;
      if (line !== undefined) return line.charCodeAt(0);
      const [piece] = this.#pieces;
      if (piece !== undefined || this.hungUp.aborted) return piece?.[0];
      await new Promise<void>((resolve) => this.#notify = resolve);
    }
  }

  async readLine(timeoutMs: number): Promise<string | undefined> {
    if (timeoutMs <= 0) throw new SystemError("late");
    while (this.#lines.length === 0 && !this.hungUp.aborted) {
      await new Promise<void>((resolve) => this.#notify = resolve);
    }
    return this.#lines.shift();
  }

  readonly #pieces: Uint8Array[] = [];
  /** The answers in bytes. */
  readonly taken: Uint8Array[] = [];

  /** Sends bytes. */
  sendBytes(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#notify?.();
  }

  async readBytes(timeoutMs: number): Promise<Uint8Array | undefined> {
    if (timeoutMs <= 0) throw new SystemError("late");
    while (this.#pieces.length === 0 && !this.hungUp.aborted) {
      await new Promise<void>((resolve) => this.#notify = resolve);
    }
    return this.#pieces.shift();
  }

  writeBytes(bytes: Uint8Array): Promise<boolean> {
    if (this.hungUp.aborted) return Promise.resolve(false);
    this.taken.push(bytes);
    return Promise.resolve(true);
  }

  writeLine(text: string): Promise<boolean> {
    if (this.hungUp.aborted) return Promise.resolve(false);
    this.answers.push(text);
    this.onAnswer(text);
    return Promise.resolve(true);
  }

  /** It reads at once. */
  flushed(): Promise<boolean> {
    return Promise.resolve(true);
  }

  [Symbol.dispose](): void {
    this.isClosed = true;
  }
}
