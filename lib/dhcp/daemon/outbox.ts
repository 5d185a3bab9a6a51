/** The messages of one lease client that wait until the daemon may send them. @module */

import type { Log } from "../../base/log_line.ts";
import type { ClientEffect } from "../client/event.ts";
import { isMoreUrgent, type PacketRate, type Urgency } from "./packet_rate.ts";

/** A message to send. */
export type Outgoing = Extract<ClientEffect, { readonly kind: "send" }>;

/** What an outbox needs. */
export interface OutboxOptions {
  readonly rate: PacketRate;
  readonly log: Log;
  /** Sends a message now. `isLate`: it has waited. */
  readonly transmit: (message: Outgoing, isLate: boolean) => void;
}

/** A message that waits. */
interface Waiting {
  readonly message: Outgoing;
  readonly urgency: Urgency;
  readonly turn: Disposable;
}

/**
 * Has at most one message that waits, and any number of RELEASEs and DECLINEs. A newer message
 * replaces the one that waits, which has become pointless, and takes its place in the queue unless
 * it is more urgent.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #waiting: Waiting | undefined;
  #finalSent: Promise<void> = Promise.resolve();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Whether a message waits that is neither RELEASE nor DECLINE. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Resolves once the last RELEASE or DECLINE has been sent. */
  get finalSent(): Promise<void> {
    return this.#finalSent;
  }

  /** Sends a message, now or later. */
  send(message: Outgoing): void {
    const urgency = urgencyOf(message);
    if (urgency === "final") return this.#sendFinal(message);
    const earlier = this.#waiting;
    if (earlier !== undefined && !isMoreUrgent(urgency, earlier.urgency)) {
      this.#logWithdrawal(earlier);
      this.#waiting = { ...earlier, message };
      return;
    }
    this.withdraw();
    const { rate, transmit } = this.#options;
    const turn = rate.request(urgency, () => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      transmit(waiting?.message ?? message, waiting !== undefined);
    });
    if (turn !== undefined) this.#waiting = { message, urgency, turn };
  }

  /** Withdraws the message that waits. */
  withdraw(): void {
    if (this.#waiting === undefined) return;
    this.#logWithdrawal(this.#waiting);
    this.#waiting.turn[Symbol.dispose]();
    this.#waiting = undefined;
  }

  #sendFinal(message: Outgoing): void {
    let isLate = false;
    const { rate, transmit } = this.#options;
    this.#finalSent = new Promise((resolve) =>
      rate.request("final", () => {
        transmit(message, isLate);
        resolve();
      })
    );
    isLate = true;
  }

  #logWithdrawal({ message }: Waiting): void {
    const type = `DHCP${message.type}`;
    this.#options.log("debug", "packet-withdrawn", { type });
  }
}

function urgencyOf({ type, isRepeat }: Outgoing): Urgency {
  if (type === "RELEASE" || type === "DECLINE") return "final";
  if (isRepeat) return "repeat";
  return type === "REQUEST" ? "request" : "discover";
}
