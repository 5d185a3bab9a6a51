/** Runs the DHCP client on a fake clock. @module */

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

/** A message the client sent. */
export interface Sent {
  readonly atMs: number;
  readonly type: string;
  readonly source: string;
  readonly destination: string;
  readonly message: DhcpMessage;
}

/** An effect with the time of it. */
export type TimedEffect = ClientEffect & { readonly timeMs: number };

/** A client, its clock, its timer and everything it did. */
export class ClientDriver {
  state: ClientState = INITIAL_STATE;
  nowMs: number;
  timerMs: number | undefined;
  readonly sent: Sent[] = [];
  readonly effects: TimedEffect[] = [];
  readonly settings: ClientSettings;
  /** Called for each message sent; the replies are delivered after `delayMs` (0 by default). */
  server: (sent: Sent) => readonly DhcpMessage[] = () => [];
  delayMs = 0;
  /** Receives each event, and the state before it. */
  onEvent: (event: ClientEvent, before: ClientState["state"]) => void =
    () => {};
  readonly #randomU32: () => number;
  readonly #inbox: { atMs: number; message: DhcpMessage }[] = [];

  /** Without `randomU32` every random number is 2^31, the middle: no jitter, and all xids are equal. */
  constructor(
    settings: ClientSettings = makeSettings(),
    { nowMs = 1_000_000, randomU32 = (): number => 2 ** 31 } = {},
  ) {
    this.settings = settings;
    this.nowMs = nowMs;
    this.#randomU32 = randomU32;
  }

  /** Delivers one event and carries out the effects. */
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

  /** Lets time pass; timers fire and answers arrive when they are due. */
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

  /** Effects of one kind, in order. */
  of<K extends ClientEffect["kind"]>(
    kind: K,
  ): Extract<TimedEffect, { kind: K }>[] {
    return this.effects.filter((effect) => effect.kind === kind) as Extract<
      TimedEffect,
      { kind: K }
    >[];
  }

  /** What happened, in short: messages, offers, leases and failures, without timers and logs. */
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

/** Random numbers that are the same at each run (a linear congruential generator). */
export function seededU32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The low bits of such a generator hardly vary.
    return ((state >>> 16) | (state << 16)) >>> 0;
  };
}
