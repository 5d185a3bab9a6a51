/** Building blocks of the transitions: a step, sending, logging, exchanges. Pure. @module */

import type { LogEvent } from "../../base/log_event.ts";
import { encodeMessage } from "../codec/dhcp_message.ts";
import { resendGapMs } from "./backoff.ts";
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

/** Returns the effect that sends a message. */
export function send(outgoing: Outgoing): ClientEffect {
  const { type, source, destination, message } = outgoing;
  return {
    kind: "send",
    type,
    xid: message.xid,
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
 * @param timeoutMs How long the exchange may take.
 */
export function openExchange(
  fields: SendFields,
  timeoutMs: number,
  context: ClientContext,
): Exchange {
  return {
    ...fields,
    sends: 1,
    lastSentMs: context.nowMs,
    nextSendMs: context.nowMs + gap(1, context),
    endsMs: context.nowMs + timeoutMs,
  };
}

/** Returns the exchange after one more send now, with the same xid. */
export function repeatExchange(
  exchange: Exchange,
  fields: Omit<SendFields, "xid">,
  context: ClientContext,
): Exchange {
  const sends = exchange.sends + 1;
  return {
    ...exchange,
    ...fields,
    sends,
    lastSentMs: context.nowMs,
    nextSendMs: context.nowMs + gap(sends, context),
  };
}

function gap(sends: number, context: ClientContext): number {
  return resendGapMs(sends, context.settings.timings, randomFraction(context));
}
