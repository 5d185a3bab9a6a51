/** The callers that watch leases: each receives a line for each event. @module */

import type { Log } from "../../base/log_line.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import { formatResponse } from "../protocol/daemon_protocol.ts";
import { type LeaseEvent, watchLineToJson } from "../protocol/lease_event.ts";
import type { LeaseEvents } from "./lease_events.ts";

/** A watcher keeps a connection open. */
const MAX_WATCHERS = 16;
/** Events that wait until a watcher reads; more than a restart of a large host causes. */
const MAX_QUEUED = 1000;

/** The connection of a watcher. */
export interface WatcherConnection extends Disposable {
  readonly peer: { readonly pid: number };
  readonly hungUp: AbortSignal;
  /** Writes a line. @returns False if the watcher has disconnected. */
  writeLine(text: string, timeoutMs: number): Promise<boolean>;
}

/** The watchers of a daemon. */
export class Watchers {
  readonly #events: LeaseEvents;
  readonly #log: Log;
  readonly #stopping = new AbortController();
  #count = 0;

  constructor(events: LeaseEvents, log: Log) {
    this.#events = events;
    this.#log = log;
  }

  /**
   * Serves a watcher until it disconnects, is too slow, or the daemon stops.
   *
   * @throws {CniError} if there are too many.
   */
  async serve(connection: WatcherConnection): Promise<void> {
    if (this.#count >= MAX_WATCHERS) {
      throw new CniError(
        CniErrorCode.tryAgainLater,
        `there are ${MAX_WATCHERS} watchers already`,
      );
    }
    this.#count += 1;
    try {
      await this.#serve(connection);
    } finally {
      this.#count -= 1;
    }
  }

  /** Ends every watch: the daemon stops. */
  end(): void {
    this.#stopping.abort();
  }

  async #serve(connection: WatcherConnection): Promise<void> {
    const { peer: { pid }, hungUp } = connection;
    const queue = new EventQueue();
    let isWriting = false;
    const write = async (line: string, timeoutMs: number): Promise<boolean> => {
      isWriting = true;
      const isTaken = await connection.writeLine(line, timeoutMs);
      isWriting = false;
      return isTaken;
    };
    const stop = (): void => {
      queue.end();
      // The daemon does not wait until a watcher reads.
      if (isWriting) connection[Symbol.dispose]();
    };
    const leave = (): void => queue.end();
    this.#stopping.signal.addEventListener("abort", stop);
    hungUp.addEventListener("abort", leave);
    using _listener = this.#events.listen((event) => queue.push(event));
    try {
      if (this.#stopping.signal.aborted || hungUp.aborted) queue.end();
      let isOpen = await write(formatResponse(), Infinity);
      while (isOpen) {
        const event = await queue.next();
        if (event === undefined) break;
        const line = watchLineToJson({ kind: "event", event });
        isOpen = await write(formatResponse(line), Infinity);
      }
      const { missed } = queue;
      if (missed > 0) this.#log("warn", "watcher-dropped", { pid, missed });
      if (!isOpen || hungUp.aborted) return;
      const reason = missed > 0 ? "too-slow" : "stopping";
      const line = watchLineToJson({ kind: "end", reason, missed });
      await write(formatResponse(line), LAST_LINE_TIMEOUT_MS);
    } finally {
      this.#stopping.signal.removeEventListener("abort", stop);
      hungUp.removeEventListener("abort", leave);
    }
  }
}

/** How long a watcher may take to read why the watch ends. */
const LAST_LINE_TIMEOUT_MS = 1000;

/** Events in order, up to a limit. */
class EventQueue {
  readonly #events: LeaseEvent[] = [];
  #wake: () => void = () => {};
  #missed = 0;
  #hasEnded = false;

  /** How many events did not fit. From the first on, the queue takes no others. */
  get missed(): number {
    return this.#missed;
  }

  push(event: LeaseEvent): void {
    if (this.#missed === 0 && this.#events.length < MAX_QUEUED) {
      this.#events.push(event);
    } else {
      this.#missed += 1;
    }
    this.#wake();
  }

  /** Ends the queue: what waits in it is not needed any more. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  /** Waits for the next event; undefined if there will be none. */
  async next(): Promise<LeaseEvent | undefined> {
    for (;;) {
      if (this.#hasEnded) return undefined;
      const event = this.#events.shift();
      if (event !== undefined || this.#missed > 0) return event;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
