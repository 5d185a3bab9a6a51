/** Building blocks of the transitions: a step, sending, logging, exchanges. Pure. @module */

import type { LogEvent } from "../../base/log_event.ts";
import { encodeMessage } from "../codec/dhcp_message.ts";
import type { ClientContext, ClientEffect } from "./event.ts";
import type { Outgoing, SendFields } from "./request.ts";
import type { ClientState, Exchange } from "./state.ts";

/** A new state, and the effects that lead to it. */
export interface Step {
  readonly state: ClientState;
  readonly effects: readonly ClientEffect[];
}

/** Returns a step to `state`. */
export function step(state: ClientState, ...effects: ClientEffect[]): Step {
  return { state, effects };
}

/** Returns `next` with `effects` before its own. */
export function after(effects: readonly ClientEffect[], next: Step): Step {
  return { state: next.state, effects: [...effects, ...next.effects] };
}

/**
 * Returns the effect that sends a message.
 *
 * @param sends How often the message is sent by then.
 */
export function send(outgoing: Outgoing, sends = 1): ClientEffect {
  const { type, source, destination, message } = outgoing;
  return {
    kind: "send",
    type,
    xid: message.xid,
    isRepeat: sends > 1,
    source,
    destination,
    bytes: encodeMessage(message),
  };
}

/** Returns the effect that logs `event`. */
export function log(
  level: "debug" | "info" | "warn",
  event: LogEvent,
  fields: Readonly<Record<string, string | number>> = {},
): ClientEffect {
  return { kind: "log", level, event, fields };
}

/** Returns a random number, uniform in [0, 1). */
export function randomFraction({ randomU32 }: ClientContext): number {
  return randomU32() / 2 ** 32;
}

/** Returns the whole seconds since `sinceMs` as the `secs` field holds them: 0 to 65535. */
export function secsSince(sinceMs: number, { nowMs }: ClientContext): number {
  const seconds = Math.floor((nowMs - sinceMs) / 1000);
  return Math.min(Math.max(seconds, 0), 0xffff);
}

/**
 * Returns the exchange that begins with a send now.
 *
 * @param times `gapMs`: until the next send; `timeoutMs`: how long the exchange may take.
 */
export function openExchange(
  fields: SendFields,
  { gapMs, timeoutMs }: { readonly gapMs: number; readonly timeoutMs: number },
  { nowMs }: ClientContext,
): Exchange {
  return {
    ...fields,
    startedMs: nowMs,
    sends: 1,
    lastSentMs: nowMs,
    nextSendMs: nowMs + gapMs,
    endsMs: nowMs + timeoutMs,
    refusals: [],
  };
}

/**
 * Returns the exchange after one more send now, with the same xid.
 *
 * @param fields With `gapMs`, the time until the next send.
 */
export function repeatExchange(
  exchange: Exchange,
  { gapMs, ...fields }: Omit<SendFields, "xid"> & { readonly gapMs: number },
  { nowMs }: ClientContext,
): Exchange {
  return {
    ...exchange,
    ...fields,
    sends: exchange.sends + 1,
    lastSentMs: nowMs,
    nextSendMs: nowMs + gapMs,
  };
}

/** So many reasons are worth a warning in one exchange: any host of the link can cause more. */
const MAX_REFUSALS = 4;

/**
 * Records that an answer was refused. Each reason is a warning once per exchange: neither a server
 * that repeats itself nor one that varies can fill the log.
 */
export function refuseAnswer(
  exchange: Exchange,
  event: LogEvent,
  fields: Readonly<Record<string, string>> & { readonly reason: string },
): { readonly exchange: Exchange; readonly logged: ClientEffect } {
  const { refusals } = exchange;
  const { reason } = fields;
  if (refusals.includes(reason) || refusals.length >= MAX_REFUSALS) {
    return { exchange, logged: log("debug", event, fields) };
  }
  return {
    exchange: { ...exchange, refusals: [...refusals, reason] },
    logged: log("warn", event, fields),
  };
}
