/**
 * The socket of one lease client: opened when it sends, closed when it expects no answer.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { ClientEffect } from "../client/event.ts";
import type { ClientState } from "../client/state.ts";
import { messageTypeName } from "../codec/dhcp_message.ts";
import { OptionCode } from "../codec/option_code.ts";
import type { ClientPacket } from "../codec/packet.ts";
import type { Metrics } from "./metrics.ts";
import { Outbox, type Outgoing } from "./outbox.ts";
import type { PacketRate } from "./packet_rate.ts";
import {
  type AttachedInterface,
  type DhcpSocket,
  type Scheduler,
  SendRefusedError,
} from "./ports.ts";
import type { Timer } from "../../base/timer.ts";

/** A message, and the sender in the IPv4 header. */
type ReceivedMessage = Extract<ClientPacket, { readonly kind: "message" }>;

/** What a client socket needs. */
export interface ClientSocketOptions {
  readonly attached: AttachedInterface;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "count">;
  readonly rate: PacketRate;
  /** Called after each attempt to send a message. `isLate`: the message has waited for its turn. */
  readonly onSent: (
    message: Outgoing,
    outcome: SendOutcome,
    isLate: boolean,
  ) => void;
  /** Called when packets wait for {@link ClientSocket.receive}. */
  readonly onReadable: () => void;
  /** Called when another host uses the address that is probed. */
  readonly onConflict: () => void;
}

/** What became of a message. */
export type SendOutcome =
  | { readonly kind: "sent" }
  /** It could not be sent now. */
  | { readonly kind: "failed" }
  /** No message can be sent. */
  | { readonly kind: "refused"; readonly error: SendRefusedError }
  /** The interface no longer exists. */
  | { readonly kind: "gone" };

/** How long a renewal waits for its answer: a relay, or a server that pings, may need seconds. */
const ANSWER_TIME_MS = 10_000;

/**
 * Sends, receives and probes; logs and counts each packet. What the operating system refuses is
 * logged: the state machine sends again.
 */
export class ClientSocket implements Disposable {
  readonly #options: ClientSocketOptions;
  readonly #closeTimer: Timer;
  readonly #outbox: Outbox;
  #socket: DhcpSocket | undefined;
  /** Whether the client expects an answer, or a caller waits until every message has been sent. */
  #isNeeded = false;
  /** When the client sent its last message, whether or not it has left. */
  #sentMs = -Infinity;
  /** How long the message that waits is to wait for its answer. */
  #answerMs = Infinity;
  #probe: Disposable | undefined;
  /** Hardware address of the last sender: the server, or the router to it. */
  server: Uint8Array | undefined;
  #hasSent = false;
  #lastError: SystemError | undefined;

  constructor(options: ClientSocketOptions) {
    this.#options = options;
    this.#closeTimer = options.scheduler.timer(() => this.close());
    this.#outbox = new Outbox({
      rate: options.rate,
      log: options.log,
      transmit: (message, isLate) => this.#transmit(message, isLate),
    });
  }

  /** Whether a message waits for its turn. */
  get isWaiting(): boolean {
    return this.#outbox.isWaiting;
  }

  /** Why no message was sent so far; undefined if one was, or none was to be sent. */
  get unsentReason(): SystemError | undefined {
    return this.#hasSent ? undefined : this.#lastError;
  }

  /** Sends a message, at once or when the daemon may, and waits for answers to it. */
  send(message: Outgoing): void {
    this.#sentMs = this.#options.scheduler.nowMs();
    this.#outbox.send(message);
  }

  /** Returns the messages that wait, one by one, until the socket is closed; never waits itself. */
  *receive(): Generator<ReceivedMessage> {
    for (const { packet, sender } of this.#socket?.receive() ?? []) {
      this.#record(packet);
      if (packet.kind === "dropped") continue;
      this.server = sender;
      yield packet;
    }
  }

  /** Waits until everything has left the host, at most `timeoutMs`; does not close the socket. */
  async flushed(timeoutMs: number): Promise<void> {
    this.#closeTimer.set(Infinity);
    this.#isNeeded = true;
    await this.#outbox.finalSent;
    await this.#socket?.flushed(timeoutMs);
  }

  /** Begins to probe an address. */
  probe(effect: Extract<ClientEffect, { readonly kind: "probe" }>): void {
    const { attached, log, onConflict } = this.#options;
    const { address, durationMs } = effect;
    try {
      this.#probe = attached.probe(address, { durationMs, onConflict });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      log("warn", "probe-failed", { reason: error.message });
    }
  }

  /** Ends the probe. */
  endProbe(): void {
    this.#probe?.[Symbol.dispose]();
    this.#probe = undefined;
  }

  /**
   * Closes the socket at `atMs`, unless there is another `closeAt` before. If the last message has
   * to wait, the socket is closed as much later.
   */
  closeAt(atMs: number): void {
    this.#isNeeded = true;
    this.#answerMs = atMs - this.#sentMs;
    const isOpen = this.#socket !== undefined && !this.#outbox.isWaiting;
    this.#closeTimer.set(isOpen ? atMs : Infinity);
  }

  /**
   * Closes the socket now; the next `send` opens another. A message that waits is withdrawn, unless
   * it is a RELEASE or DECLINE.
   */
  close(): void {
    this.#isNeeded = false;
    this.#outbox.withdraw();
    this.#closeSocket();
  }

  /** Closes the socket and ends the probe. */
  [Symbol.dispose](): void {
    this.close();
    this.endProbe();
    this.#closeTimer[Symbol.dispose]();
  }

  #transmit(message: Outgoing, isLate: boolean): void {
    this.#options.onSent(message, this.#trySend(message), isLate);
    if (!isLate) return;
    if (!this.#isNeeded) return this.#closeSocket();
    const { scheduler } = this.#options;
    this.#closeTimer.set(scheduler.nowMs() + this.#answerMs);
  }

  #trySend(message: Outgoing): SendOutcome {
    const { attached, log, metrics, onReadable } = this.#options;
    const { xid, source, destination } = message;
    const type = `DHCP${message.type}`;
    try {
      this.#socket ??= attached.open({ server: this.server, onReadable });
      this.#socket.send(message);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      metrics.count("send_errors");
      log("warn", "send-failed", { type, reason: error.message });
      this.#lastError = error;
      if (isGone(attached)) return { kind: "gone" };
      return error instanceof SendRefusedError
        ? { kind: "refused", error }
        : { kind: "failed" };
    }
    this.#hasSent = true;
    metrics.count(`sent_${message.type.toLowerCase()}`);
    log("debug", "packet-sent", {
      type,
      xid: formatXid(xid),
      source: formatIpAddress(source),
      destination: formatIpAddress(destination),
    });
    return { kind: "sent" };
  }

  #closeSocket(): void {
    this.#closeTimer.set(Infinity);
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  #record(packet: ClientPacket): void {
    const { log, metrics } = this.#options;
    if (packet.kind === "dropped") {
      const { reason, detail } = packet;
      metrics.count(`dropped_${reason}`);
      return log("debug", "packet-dropped", { reason, detail });
    }
    const { message, source } = packet;
    const code = message.options.get(OptionCode.dhcpMessageType)?.[0] ?? 0;
    const type = messageTypeName(code)?.toLowerCase() ?? "other";
    metrics.count(`received_${type}`);
    log("debug", "packet-received", {
      type: `DHCP${type.toUpperCase()}`,
      xid: formatXid(message.xid),
      source: formatIpAddress(source),
    });
  }
}

/**
 * Returns until when a client in `state` expects an answer, in milliseconds; undefined if it
 * expects none.
 */
export function answerDueMs(state: ClientState): number | undefined {
  switch (state.state) {
    case "SELECTING":
    case "REQUESTING":
    case "REBOOTING":
      return Infinity;
    // The next REQUEST may be an hour away.
    case "RENEWING":
    case "REBINDING":
      return state.exchange.lastSentMs + ANSWER_TIME_MS;
    case "STOPPED":
    case "INIT":
    case "PROBING":
    case "BOUND":
    case "INIT-REBOOT":
      return undefined;
  }
}

/** Returns whether the interface no longer exists; false if that is unknown. */
function isGone(attached: AttachedInterface): boolean {
  try {
    return attached.read() === undefined;
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}

function formatXid(xid: number): string {
  return xid.toString(16).padStart(8, "0");
}
