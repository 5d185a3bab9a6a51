/** The callers that watch leases: each receives a line for each event. @module */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import { formatResponse } from "../protocol/daemon_protocol.ts";
import { type LeaseEvent, watchLineToJson } from "../protocol/lease_event.ts";
import type { LeaseEvents } from "./lease_events.ts";

/** A watcher keeps a connection open. */
const MAX_WATCHERS = 16;
/** Events that wait until a watcher reads; more than a restart of a large host causes. */
const MAX_QUEUED = 1000;
/** How long an event may wait until a watcher reads it. */
const READ_TIMEOUT_MS = 30_000;
/** How long a watcher may take to read why the watch ends. */
const LAST_LINE_TIMEOUT_MS = 1000;

/** The connection of a watcher. */
export interface WatcherConnection extends Disposable {
  readonly peer: { readonly pid: number };
  readonly hungUp: AbortSignal;
  /**
   * Writes a line.
   *
   * @returns False if the watcher has disconnected.
   * @throws {SystemError} if the kernel does not take it in time.
   */
  writeLine(text: string, timeoutMs: number): Promise<boolean>;
  /**
   * Waits until the watcher has read everything, or has disconnected.
   *
   * @returns False if that takes longer than `timeoutMs`.
   */
  flushed(timeoutMs: number): Promise<boolean>;
}

/** How far a watch has come: `full`: the kernel took a part of a line at most. */
type Progress = "ok" | "unread" | "full" | "disconnected";

/** The watchers of a daemon. */
export class Watchers {
  readonly #events: LeaseEvents;
  readonly #log: Log;
  readonly #stopping = new AbortController();
  readonly #connections = new Set<WatcherConnection>();

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
    if (this.#connections.size >= MAX_WATCHERS) throw this.#tooMany();
    this.#connections.add(connection);
    try {
      await this.#serve(connection);
    } finally {
      this.#connections.delete(connection);
    }
  }

  /** Ends every watch: the daemon stops. */
  end(): void {
    this.#stopping.abort();
  }

  #tooMany(): CniError {
    const pids = new Set([...this.#connections].map(({ peer }) => peer.pid));
    // A process of another PID namespace has none here.
    pids.delete(0);
    return new CniError(
      CniErrorCode.tryAgainLater,
      `there are ${MAX_WATCHERS} watchers already`,
      {
        details: pids.size === 0
          ? "end one of them"
          : `end one of the processes ${[...pids].join(", ")}`,
      },
    );
  }

  async #serve(connection: WatcherConnection): Promise<void> {
    const { peer: { pid }, hungUp } = connection;
    const queue = new EventQueue();
    const stopped = Promise.withResolvers<void>();
    let isWriting = false;
    const write = async (
      line: string,
      timeoutMs: number,
    ): Promise<Progress> => {
      isWriting = true;
      try {
        const isTaken = await connection.writeLine(line, timeoutMs);
        return isTaken ? "ok" : "disconnected";
      } catch (error) {
        if (error instanceof SystemError) return "full";
        throw error;
      } finally {
        isWriting = false;
      }
    };
    const untilRead = async (): Promise<Progress> => {
      const isRead = await Promise.race([
        connection.flushed(READ_TIMEOUT_MS),
        stopped.promise.then(() => true),
      ]);
      return isRead ? "ok" : "unread";
    };
    const stop = (): void => {
      queue.end();
      stopped.resolve();
      // The daemon does not wait until a watcher reads.
      if (isWriting) connection[Symbol.dispose]();
    };
    const leave = (): void => queue.end();
    this.#stopping.signal.addEventListener("abort", stop);
    hungUp.addEventListener("abort", leave);
    using _listener = this.#events.listen((event) => queue.push(event));
    try {
      if (this.#stopping.signal.aborted || hungUp.aborted) queue.end();
      let progress = await write(formatResponse(), READ_TIMEOUT_MS);
      while (progress === "ok") {
        const event = queue.take();
        if (event !== undefined) {
          const line = watchLineToJson({ kind: "event", event });
          progress = await write(formatResponse(line), READ_TIMEOUT_MS);
          if (progress === "full") queue.miss(1);
        } else {
          progress = await untilRead();
          if (progress !== "ok" || !await queue.hasNext()) break;
        }
      }
      const isSlow = progress === "unread" || progress === "full";
      if (isSlow) queue.miss(queue.length);
      const { missed } = queue;
      if (isSlow || missed > 0) {
        this.#log("warn", "watcher-dropped", { pid, missed });
      }
      if (progress === "disconnected" || progress === "full") return;
      if (hungUp.aborted) return;
      const reason = isSlow || missed > 0 ? "too-slow" : "stopping";
      const line = watchLineToJson({ kind: "end", reason, missed });
      await write(formatResponse(line), LAST_LINE_TIMEOUT_MS);
    } finally {
      this.#stopping.signal.removeEventListener("abort", stop);
      hungUp.removeEventListener("abort", leave);
    }
  }
}

/** Events in order, up to a limit. */
class EventQueue {
  readonly #events: LeaseEvent[] = [];
  #wake: () => void = () => {};
  #missed = 0;
  #hasEnded = false;

  /** How many events the watcher does not receive. From the first on, the queue takes no others. */
  get missed(): number {
    return this.#missed;
  }

  /** How many events wait. */
  get length(): number {
    return this.#events.length;
  }

  push(event: LeaseEvent): void {
    if (this.#missed === 0 && this.#events.length < MAX_QUEUED) {
      this.#events.push(event);
    } else {
      this.#missed += 1;
    }
    this.#wake();
  }

  /** Counts events as missed. */
  miss(count: number): void {
    this.#missed += count;
  }

  /** Ends the queue: what waits in it is not needed any more. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  /** Returns the next event; undefined if none waits. */
  take(): LeaseEvent | undefined {
    return this.#hasEnded ? undefined : this.#events.shift();
  }

  /** Waits for an event. @returns False if there will be none. */
  async hasNext(): Promise<boolean> {
    for (;;) {
      if (this.#hasEnded) return false;
      if (this.#events.length > 0) return true;
      if (this.#missed > 0) return false;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
