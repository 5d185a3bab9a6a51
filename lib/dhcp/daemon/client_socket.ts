/** The messages of one client: sockets opened when something is sent, closed when no answer is waited for. @module */

import { SystemError } from "../../base/errors.ts";
import { type DhcpMessage, messageTypeName } from "../codec/dhcp_message.ts";
import { OptionCode } from "../codec/option_code.ts";
import type { ClientPacket } from "../codec/packet.ts";
import type { ClientEffect } from "../client/event.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { Metrics } from "./metrics.ts";
import type { AttachedInterface, Exchange, Scheduler } from "./ports.ts";
import type { Log } from "../../base/log_line.ts";
import type { Timer } from "../../base/timer.ts";

/** What a wire needs. */
export interface WireOptions {
  readonly attached: AttachedInterface;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly onMessage: (message: DhcpMessage) => void;
  /** Somebody else has the address that is probed. */
  readonly onConflict: () => void;
  /** Nothing can be sent, because the interface is not there any more. */
  readonly onGone: () => void;
}

/** Sends and receives; logs and counts each packet. What the operating system refuses is logged: it is sent again later. */
export class Wire implements Disposable {
  readonly #options: WireOptions;
  readonly #timer: Timer;
  #exchange: Exchange | undefined;
  #probe: Disposable | undefined;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#timer = options.scheduler.timer(() => this.endExchange());
  }

  /** Sends a message; from now on answers are received. */
  send(effect: Extract<ClientEffect, { readonly kind: "send" }>): void {
    const { attached, log, metrics, onGone } = this.#options;
    const { xid, source, destination } = effect;
    const type = `DHCP${effect.type}`;
    metrics.count(`sent_${effect.type.toLowerCase()}`);
    log("debug", "packet-sent", {
      type,
      xid: formatXid(xid),
      source: formatIpAddress(source),
      destination: formatIpAddress(destination),
    });
    try {
      this.#exchange ??= attached.open((packet) => this.#receive(packet));
      this.#exchange.send(effect);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      metrics.count("send_errors");
      log("warn", "send-failed", { type, reason: error.message });
      if (isGone(attached)) onGone();
    }
  }

  /** Waits until everything has left the host, `timeoutMs` at most; the sockets stay open until they are ended. */
  async flushed(timeoutMs: number): Promise<void> {
    this.#timer.set(Infinity);
    await this.#exchange?.flushed(timeoutMs);
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

  /** Closes the sockets of exchanges at `atMs`, unless there is another `endExchangeAt` before. */
  endExchangeAt(atMs: number): void {
    this.#timer.set(this.#exchange === undefined ? Infinity : atMs);
  }

  /** Closes the sockets of exchanges now; the next `send` opens others. */
  endExchange(): void {
    this.#timer.set(Infinity);
    this.#exchange?.[Symbol.dispose]();
    this.#exchange = undefined;
  }

  /** Ends both. */
  [Symbol.dispose](): void {
    this.endExchange();
    this.endProbe();
    this.#timer[Symbol.dispose]();
  }

  #receive(packet: ClientPacket): void {
    const { log, metrics, onMessage } = this.#options;
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
    onMessage(message);
  }
}

/** False if that cannot be told. */
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
