/**
 * How many DHCP packets the daemon sends: all its clients together, because the interfaces of a
 * host usually share one switch port. DHCP snooping disables a port that sends more than some 15 a
 * second. @module
 */

import type { Timer } from "../../base/timer.ts";
import type { Log } from "../../base/log_line.ts";
import type { Metrics } from "./metrics.ts";
import type { Scheduler } from "./ports.ts";

/**
 * How urgent a packet is, the most urgent first. A RELEASE or DECLINE has no second chance, and a
 * REQUEST completes what a DISCOVER began.
 */
const URGENCIES = ["final", "request", "discover", "repeat"] as const;

/** One of {@link URGENCIES}. */
export type Urgency = typeof URGENCIES[number];

/** Returns whether one packet is sent before another that waits as long. */
export function isMoreUrgent(one: Urgency, other: Urgency): boolean {
  return URGENCIES.indexOf(one) < URGENCIES.indexOf(other);
}

/** A second, and what the kernel may delay a packet. */
const WINDOW_MS = 1050;
/** A line for each packet would be a flood. */
const LOG_INTERVAL_MS = 60_000;

/** Packets that wait, in order; each is the function that sends it. */
interface Queue {
  readonly urgency: Urgency;
  readonly waiting: Set<() => void>;
}

/**
 * Sends at most so many packets in any second. Others wait, the most urgent first, then in order.
 * Repeats have half of the limit: they leave the rest to packets that are sent for the first time.
 */
export class PacketRate {
  readonly #limit: number;
  readonly #scheduler: Scheduler;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #timer: Timer;
  /** The most urgent first. */
  readonly #queues: readonly Queue[] = URGENCIES.map((urgency) => ({
    urgency,
    waiting: new Set(),
  }));
  /** When the last packets were sent, as many as the limit: a ring. */
  readonly #sentMs: Float64Array;
  #sent = 0;
  #isOpen: boolean;
  #nextLogMs = -Infinity;

  /** @param limit Packets in any second; 0: any number. */
  constructor(
    limit: number,
    { scheduler, log, metrics }: {
      readonly scheduler: Scheduler;
      readonly log: Log;
      readonly metrics: Metrics;
    },
  ) {
    this.#limit = limit;
    this.#isOpen = limit === 0;
    this.#sentMs = new Float64Array(limit);
    this.#scheduler = scheduler;
    this.#log = log;
    this.#metrics = metrics;
    this.#timer = scheduler.timer(() => this.#sendDue());
  }

  /**
   * Calls `send` now, or later if too many packets were sent lately.
   *
   * @returns Undefined if it was called; otherwise an object that withdraws the packet when it is
   * disposed of.
   */
  request(urgency: Urgency, send: () => void): Disposable | undefined {
    const waiting = this.#queues[URGENCIES.indexOf(urgency)]?.waiting;
    // A function of its own, so that the same packet can be requested twice.
    const entry = (): void => send();
    waiting?.add(entry);
    this.#sendDue();
    if (waiting?.has(entry) !== true) return undefined;
    this.#metrics.count("packets_delayed");
    if (urgency !== "repeat") this.#logDelay();
    return { [Symbol.dispose]: () => waiting.delete(entry) };
  }

  /** Resolves when a packet may be sent, and counts it. */
  async turn(urgency: Urgency): Promise<void> {
    await new Promise<void>((resolve) => this.request(urgency, resolve));
  }

  /** Sends everything that waits, and from now on everything at once: the daemon stops. */
  open(): void {
    this.#isOpen = true;
    this.#sendDue();
  }

  #sendDue(): void {
    try {
      for (;;) {
        const nowMs = this.#scheduler.nowMs();
        const due = this.#queues.find(({ urgency, waiting }) =>
          waiting.size > 0 && this.#nextMs(urgency) <= nowMs
        );
        if (due === undefined) break;
        const [send = () => {}] = due.waiting;
        due.waiting.delete(send);
        this.#count(nowMs);
        send();
      }
    } finally {
      const times = this.#queues.filter(({ waiting }) => waiting.size > 0)
        .map(({ urgency }) => this.#nextMs(urgency));
      this.#timer.set(Math.min(...times));
    }
  }

  /** Returns when the next packet may be sent; in the past if at once. */
  #nextMs(urgency: Urgency): number {
    if (this.#isOpen) return -Infinity;
    const limit = urgency === "repeat"
      ? Math.ceil(this.#limit / 2)
      : this.#limit;
    if (this.#sent < limit) return -Infinity;
    const index = (this.#sent - limit) % this.#limit;
    return (this.#sentMs[index] ?? -Infinity) + WINDOW_MS;
  }

  #count(nowMs: number): void {
    if (this.#limit > 0) this.#sentMs[this.#sent % this.#limit] = nowMs;
    this.#sent += 1;
  }

  #logDelay(): void {
    const nowMs = this.#scheduler.nowMs();
    if (nowMs < this.#nextLogMs) return;
    this.#nextLogMs = nowMs + LOG_INTERVAL_MS;
    const waiting = this.#queues.reduce(
      (sum, queue) => sum + queue.waiting.size,
      0,
    );
    this.#log("info", "packets-delayed", { limit: this.#limit, waiting });
  }
}
