/** Runs the state machine of one client: one event after the other, each with its effects, and the timer. @module */

import type {
  ClientContext,
  ClientEffect,
  ClientEvent,
} from "../client/event.ts";
import { type ClientState, INITIAL_STATE } from "../client/state.ts";
import { transition } from "../client/transition.ts";
import type { Scheduler } from "./ports.ts";
import type { Timer } from "../../base/timer.ts";

/** What runs a client. */
export interface ClientRunnerOptions {
  readonly scheduler: Scheduler;
  readonly randomU32: () => number;
  /** Asked anew for each event. */
  readonly settings: () => ClientContext["settings"];
  /** A new state was entered; false: its effects must not be carried out. */
  readonly onState: (state: ClientState) => boolean;
  /** Every effect but `setTimer`. */
  readonly onEffect: (
    effect: Exclude<ClientEffect, { readonly kind: "setTimer" }>,
  ) => void;
  /** No event is left to take. */
  readonly onIdle: (state: ClientState) => void;
}

/** A server that is to answer has answered by then; a relay or a check of the address may take a few seconds. */
const ANSWER_TIME_MS = 10_000;

/** A client. Events that come while one is being taken wait for their turn. */
export class ClientRunner implements Disposable {
  readonly #options: ClientRunnerOptions;
  readonly #timer: Timer;
  readonly #events: ClientEvent[] = [];
  #state: ClientState = INITIAL_STATE;
  #isBusy = false;

  constructor(options: ClientRunnerOptions) {
    this.#options = options;
    this.#timer = options.scheduler.timer(() =>
      this.dispatch({ kind: "timer" })
    );
  }

  /** The state it is in. */
  get state(): ClientState {
    return this.#state;
  }

  /** Takes an event, now or after those before it. */
  dispatch(event: ClientEvent): void {
    this.#events.push(event);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (;;) {
        const next = this.#events.shift();
        if (next === undefined) break;
        this.#take(next);
      }
    } finally {
      this.#isBusy = false;
    }
    this.#options.onIdle(this.#state);
  }

  /** No timer fires any more. */
  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #take(event: ClientEvent): void {
    const { scheduler, randomU32, settings, onState, onEffect } = this.#options;
    const { state, effects } = transition(this.#state, event, {
      settings: settings(),
      nowMs: scheduler.nowMs(),
      randomU32,
    });
    this.#state = state;
    if (!onState(state)) return;
    for (const effect of effects) {
      if (effect.kind === "setTimer") this.#timer.set(effect.atMs ?? Infinity);
      else onEffect(effect);
    }
  }
}

/** Until when an answer is waited for; undefined: for none. */
export function answerDueMs(state: ClientState): number | undefined {
  switch (state.state) {
    case "SELECTING":
    case "REQUESTING":
    case "REBOOTING":
      return Infinity;
    // The next try may be an hour away.
    case "RENEWING":
    case "REBINDING":
      return state.exchange.lastSentMs + ANSWER_TIME_MS;
    case "STOPPED":
    case "INIT":
    case "PROBING":
    case "BOUND":
    case "INIT-REBOOT":
      return undefined;
    default:
      return state satisfies never;
  }
}
