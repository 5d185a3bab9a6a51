/** The other end of a call, in memory: a launcher that does what a test says. @module */

import { viewOf } from "../../../lib/base/bytes.ts";
import type { CallerStream } from "../../../lib/resident/launcher_connection.ts";

/** A launcher, seen from the resident process. */
export class FakeLauncher implements CallerStream {
  /** What it has received, in order: `A`, `E text`, `O 0 document`, and `closed`. */
  readonly received: string[] = [];
  /** Whether it reads; otherwise everything that is written waits. */
  reads = true;
  readonly #pieces: Uint8Array[] = [];
  #isGone = false;
  #isClosed = false;
  #notify = (): void => {};

  /** Sends bytes or signals. */
  send(bytes: Uint8Array | string): void {
    this.#pieces.push(
      typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    );
    this.#notify();
  }

  /** Disconnects. */
  hangUp(): void {
    this.#isGone = true;
    this.#notify();
  }

  async readBytes(): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) return piece;
      if (this.#isGone || this.#isClosed) return undefined;
      await new Promise<void>((resolve) => this.#notify = resolve);
    }
  }

  writeBytes(bytes: Uint8Array): Promise<boolean> {
    if (!this.reads) return new Promise(() => {});
    if (this.#isGone || this.#isClosed) return Promise.resolve(false);
    this.received.push(frameText(bytes));
    return Promise.resolve(true);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.received.push("closed");
    this.#notify();
  }
}

/** Returns one frame as text. @throws {Error} if its length is not that of its payload. */
function frameText(bytes: Uint8Array): string {
  const type = String.fromCharCode(bytes[0] ?? 0);
  const payload = bytes.subarray(5);
  if (viewOf(bytes).getUint32(1, true) !== payload.length) {
    throw new Error(`frame ${type} has a wrong length`);
  }
  const decoder = new TextDecoder();
  switch (type) {
    case "O":
      return `O ${payload[0]} ${decoder.decode(payload.subarray(1))}`;
    case "X":
      return `X ${payload[0]}`;
    default:
      return payload.length === 0 ? type : `${type} ${decoder.decode(payload)}`;
  }
}
