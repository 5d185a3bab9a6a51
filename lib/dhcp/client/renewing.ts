/**
 * BOUND, RENEWING and REBINDING: the lease is renewed until it expires (RFC 2131 section 4.4.5).
 * Pure.
 *
 * @module
 */

import type { DhcpMessage } from "../codec/dhcp_message.ts";
import { renewalGapMs } from "./backoff.ts";
import { lose, renewed } from "./bound.ts";
import type { ClientContext } from "./event.ts";
import { completeRenewal, type Lease, leaseFromAck } from "./lease.ts";
import { checkAnswer } from "./reply.ts";
import {
  requestRebinding,
  requestRenewing,
  type SendFields,
} from "./request.ts";
import {
  type Bound,
  commonOf,
  type Exchange,
  type Rebinding,
  type Renewing,
} from "./state.ts";
import {
  log,
  randomFraction,
  secsSince,
  send,
  type Step,
  step,
} from "./step.ts";

/**
 * Acts on the latest deadline that has passed: expiry, T2, T1, or the next retransmission. So a
 * late timer does no harm, such as after the host was suspended.
 */
export function onLeaseTimer(
  state: Bound | Renewing | Rebinding,
  context: ClientContext,
): Step {
  const { lease } = state;
  const { nowMs } = context;
  if (nowMs >= lease.expiresMs) {
    return lose(state, lease, { reason: "expired" }, context);
  }
  if (state.state !== "BOUND" && nowMs < wakeOf(state.exchange)) {
    return step(state);
  }
  if (nowMs >= lease.t2Ms) return rebind(state, context);
  if (nowMs >= lease.t1Ms) return renew(state, context);
  return step(state);
}

/**
 * Handles an ACK or NAK: in RENEWING of the server that granted the lease, in REBINDING of any
 * server.
 */
export function onRenewalPacket(
  state: Renewing | Rebinding,
  message: DhcpMessage,
  context: ClientContext,
): Step {
  const { lease, exchange } = state;
  const { settings } = context;
  const { xid } = exchange;
  const server = state.state === "RENEWING"
    ? lease.serverIdentifier
    : undefined;
  const answer = checkAnswer(message, { xid, settings, server });
  if (answer.kind === "ignored") return step(state, ...answer.effects);
  if (answer.kind === "nak") {
    const loss = { reason: "nak", message: answer.text } as const;
    return lose(state, lease, loss, context);
  }
  const ack = completeRenewal(message, lease);
  const result = leaseFromAck(ack, exchange.lastSentMs);
  return result.kind === "unusable"
    ? step(state, log("warn", "ack-refused", { reason: result.reason }))
    : renewed(state, lease, result);
}

function renew(
  state: Bound | Renewing | Rebinding,
  context: ClientContext,
): Step {
  const { lease } = state;
  const { address, serverIdentifier: server, t1Ms, t2Ms } = lease;
  const fields = sendFields(lease, context);
  const phase = {
    sends: state.state === "RENEWING" ? state.exchange.sends + 1 : 1,
    startsMs: t1Ms,
    endsMs: t2Ms,
  };
  const exchange = nextRequest(fields, phase, context);
  return step(
    { ...commonOf(state), state: "RENEWING", lease, exchange },
    send(requestRenewing(context.settings, { ...fields, address, server })),
  );
}

function rebind(
  state: Bound | Renewing | Rebinding,
  context: ClientContext,
): Step {
  const { lease } = state;
  const { address, t2Ms, expiresMs } = lease;
  const fields = sendFields(lease, context);
  const phase = {
    sends: state.state === "REBINDING" ? state.exchange.sends + 1 : 1,
    startsMs: t2Ms,
    endsMs: expiresMs,
  };
  const exchange = nextRequest(fields, phase, context);
  return step(
    { ...commonOf(state), state: "REBINDING", lease, exchange },
    send(requestRebinding(context.settings, { ...fields, address })),
  );
}

/**
 * Each REQUEST has its own xid: the lease that an ACK grants begins when exactly that REQUEST was
 * sent.
 */
function sendFields(lease: Lease, context: ClientContext): SendFields {
  return {
    xid: context.randomU32(),
    secs: secsSince(lease.t1Ms, context),
    // The address is set, so a unicast answer reaches us ("auto").
    isBroadcast: context.settings.broadcast === true,
  };
}

function nextRequest(
  fields: SendFields,
  { sends, startsMs, endsMs }: {
    readonly sends: number;
    readonly startsMs: number;
    readonly endsMs: number;
  },
  context: ClientContext,
): Exchange {
  const { nowMs } = context;
  const gapMs = renewalGapMs(sends, {
    remainingMs: endsMs - nowMs,
    phaseMs: endsMs - startsMs,
    random: randomFraction(context),
  });
  return {
    ...fields,
    sends,
    lastSentMs: nowMs,
    nextSendMs: nowMs + gapMs,
    endsMs,
  };
}

function wakeOf({ nextSendMs, endsMs }: Exchange): number {
  return Math.min(nextSendMs, endsMs);
}
