/** Runs the DHCP client with a fake clock. @module */

import type { ClientEffect, ClientEvent } from "../../lib/dhcp/client/event.ts";
import type { ClientSettings } from "../../lib/dhcp/client/settings.ts";
import {
  type ClientState,
  INITIAL_STATE,
} from "../../lib/dhcp/client/state.ts";
import { transition } from "../../lib/dhcp/client/transition.ts";
import {
  decodeMessage,
  type DhcpMessage,
} from "../../lib/dhcp/codec/dhcp_message.ts";
import { formatIpAddress } from "../../lib/net/ip_address.ts";
import type { Ipv4Address } from "../../lib/net/ipv4_address.ts";
import { ip, settings as makeSettings } from "./dhcp_messages.ts";

/** The sender of messages, unless a test names another. */
const SERVER = ip("192.0.2.1");

/** A message that the client sent. */
export interface Sent {
  readonly atMs: number;
  readonly type: string;
  readonly source: string;
  readonly destination: string;
  readonly message: DhcpMessage;
}

/** An effect, and when it happened. */
export type TimedEffect = ClientEffect & { readonly timeMs: number };

/** A client with its clock, its timer and a record of its effects. */
export class ClientDriver {
  state: ClientState = INITIAL_STATE;
  nowMs: number;
  timerMs: number | undefined;
  readonly sent: Sent[] = [];
  readonly effects: TimedEffect[] = [];
  readonly settings: ClientSettings;
  /** Called for each message sent; its replies are delivered after `delayMs` (0 by default). */
  server: (sent: Sent) => readonly DhcpMessage[] = () => [];
  delayMs = 0;
  /** Called for each event, with the state before it. */
  onEvent: (event: ClientEvent, before: ClientState["state"]) => void =
    () => {};
  readonly #randomU32: () => number;
  readonly #inbox: { atMs: number; message: DhcpMessage }[] = [];

  /**
   * Every random number is 2^31 by default, the middle: no jitter, and the same xid in every
   * exchange.
   */
  constructor(
    settings: ClientSettings = makeSettings(),
    { nowMs = 1_000_000, randomU32 = (): number => 2 ** 31 } = {},
  ) {
    this.settings = settings;
    this.nowMs = nowMs;
    this.#randomU32 = randomU32;
  }

  /** Passes one event to the client and carries out its effects. */
  event(event: ClientEvent): this {
    this.onEvent(event, this.state.state);
    const context = {
      settings: this.settings,
      nowMs: this.nowMs,
      randomU32: this.#randomU32,
    };
    const { state, effects } = transition(this.state, event, context);
    this.state = state;
    for (const effect of effects) {
      this.effects.push({ ...effect, timeMs: this.nowMs });
      if (effect.kind === "setTimer") this.timerMs = effect.atMs;
      if (effect.kind === "send") this.#send(effect);
    }
    return this;
  }

  /** Delivers a message now. */
  receive(message: DhcpMessage, source: Ipv4Address = SERVER): this {
    return this.event({ kind: "packet", message, source });
  }

  /** Advances the clock; timers fire and replies arrive when they are due. */
  advance(ms: number): this {
    const endMs = this.nowMs + ms;
    for (;;) {
      const arrival = this.#inbox[0];
      const nextMs = Math.min(
        this.timerMs ?? Infinity,
        arrival?.atMs ?? Infinity,
      );
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (arrival !== undefined && arrival.atMs <= this.nowMs) {
        this.#inbox.shift();
        this.receive(arrival.message);
      } else {
        this.timerMs = undefined;
        this.event({ kind: "timer" });
      }
    }
    this.nowMs = endMs;
    return this;
  }

  /** The last message sent. */
  get last(): Sent {
    const sent = this.sent.at(-1);
    if (sent === undefined) throw new Error("nothing was sent");
    return sent;
  }

  /** The effects of one kind, in order. */
  of<K extends ClientEffect["kind"]>(
    kind: K,
  ): Extract<TimedEffect, { kind: K }>[] {
    return this.effects.filter((effect) => effect.kind === kind) as Extract<
      TimedEffect,
      { kind: K }
    >[];
  }

  /** A summary of the effects: messages sent, leases, failures; no timers and logs. */
  summary(): string[] {
    return this.effects.flatMap((effect) => {
      switch (effect.kind) {
        case "send":
          return [effect.type];
        case "leaseLost":
          return [`leaseLost ${effect.reason}`];
        case "failed":
          return [`failed ${effect.failure.kind}`];
        case "setTimer":
        case "log":
          return [];
        default:
          return [effect.kind];
      }
    });
  }

  #send(effect: Extract<ClientEffect, { kind: "send" }>): void {
    const sent = {
      atMs: this.nowMs,
      type: effect.type,
      source: formatIpAddress(effect.source),
      destination: formatIpAddress(effect.destination),
      message: decodeMessage(effect.bytes),
    };
    this.sent.push(sent);
    for (const message of this.server(sent)) {
      this.#inbox.push({ atMs: this.nowMs + this.delayMs, message });
    }
  }
}

/** Returns a generator of reproducible random numbers (linear congruential). */
export function seededU32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The low bits of such a generator vary little.
    return ((state >>> 16) | (state << 16)) >>> 0;
  };
}
