/**
 * BOUND, RENEWING and REBINDING: the lease is renewed until it expires (RFC 2131 section 4.4.5).
 * Pure.
 *
 * @module
 */

import { decodeMessage, type DhcpMessage } from "../codec/dhcp_message.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { renewalGapMs } from "./backoff.ts";
import { bound, lose, renewed } from "./bound.ts";
import { completeRenewal, withServerIdentifier } from "./complete_ack.ts";
import type { ClientContext } from "./event.ts";
import type { Failure } from "./failure.ts";
import { type AckResult, type Lease, leaseFromAck } from "./lease.ts";
import { checkAnswer } from "./reply.ts";
import {
  requestRebinding,
  requestRenewing,
  type SendFields,
} from "./request.ts";
import {
  type Bound,
  type ClientState,
  commonOf,
  type Exchange,
  type Rebinding,
  type Renewing,
} from "./state.ts";
import {
  log,
  randomFraction,
  refuseAnswer,
  secsSince,
  send,
  type Step,
  step,
} from "./step.ts";

/** How long a renewal before T1 waits for its answer. */
const EARLY_RENEWAL_MS = 10_000;

/** The time in which the REQUESTs of a renewal are sent. */
interface Phase {
  /** How often a REQUEST is sent by then. */
  readonly sends: number;
  readonly startsMs: number;
  readonly endsMs: number;
}

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
  return state.state === "RENEWING" ? repeatEarly(state, context) : step(state);
}

/** Renews a lease now, at the wish of an operator. After T1 that only sends the next REQUEST. */
export function onRenew(state: ClientState, context: ClientContext): Step {
  switch (state.state) {
    case "BOUND":
    case "RENEWING":
      return context.nowMs < state.lease.t1Ms
        ? renewEarly(state, 1, context)
        : renew(state, context);
    case "REBINDING":
      return rebind(state, context);
    case "STOPPED":
    case "INIT":
    case "SELECTING":
    case "REQUESTING":
    case "PROBING":
    case "INIT-REBOOT":
    case "REBOOTING":
      return step(state);
  }
}

/** Sends the next REQUEST of a renewal before T1, or returns to BOUND. */
function repeatEarly(state: Renewing, context: ClientContext): Step {
  const { lease, exchange } = state;
  if (context.nowMs < exchange.endsMs) {
    return renewEarly(state, exchange.sends + 1, context);
  }
  const { address, serverIdentifier: server } = lease;
  const requests = exchange.sends;
  const failure: Failure = { kind: "no-ack", address, server, requests };
  return step(
    bound(state, lease),
    log("warn", "renewal-unanswered", {
      server: formatIpAddress(server),
      requests,
    }),
    { kind: "renewalFailed", failure },
  );
}

/**
 * Sends a REQUEST before T1. Without an answer the client returns to BOUND after a while, because
 * there is time until T1.
 */
function renewEarly(
  state: Bound | Renewing,
  sends: number,
  context: ClientContext,
): Step {
  const endsMs = sends === 1 || state.state === "BOUND"
    ? Math.min(context.nowMs + EARLY_RENEWAL_MS, state.lease.t2Ms)
    : state.exchange.endsMs;
  const phase = { sends, startsMs: endsMs - EARLY_RENEWAL_MS, endsMs };
  return sendRenewal(state, phase, context);
}

/**
 * Handles an ACK of any server, or a NAK: in RENEWING only of the server that granted the lease.
 *
 * The REQUEST of RENEWING is unicast. Another server that answers it has received it from that
 * server, as in a failover pair. What the ACK leaves out is unchanged.
 */
export function onRenewalPacket(
  state: Renewing | Rebinding,
  { message, source }: {
    readonly message: DhcpMessage;
    readonly source: Ipv4Address;
  },
  context: ClientContext,
): Step {
  const { lease, exchange } = state;
  const { settings } = context;
  const { xid } = exchange;
  const named = withServerIdentifier(message, source, lease);
  const answer = checkAnswer(named, { xid, settings, server: undefined });
  if (answer.kind === "ignored") return step(state, ...answer.effects);
  const isGranter = sameAddress(answer.server, lease.serverIdentifier);
  if (answer.kind === "nak") {
    if (state.state === "RENEWING" && !isGranter) return step(state);
    const loss = { reason: "nak", message: answer.text } as const;
    return lose(state, lease, loss, context);
  }
  const result = readRenewal(named, lease, {
    isGranter,
    sentMs: exchange.lastSentMs,
  });
  if (result.kind === "lease") return renewed(state, lease, result.lease);
  const { reason } = result;
  const refusal = refuseAnswer(exchange, "ack-refused", { reason });
  return step({ ...state, exchange: refusal.exchange }, refusal.logged);
}

/**
 * Builds the lease that the ACK of a renewal grants. Only the server that granted the lease can
 * replace its address: with the ACK of any other server the client must have "reacquired its
 * network address" (RFC 2131 section 4.4.5).
 */
function readRenewal(
  message: DhcpMessage,
  lease: Lease,
  { isGranter, sentMs }: {
    readonly isGranter: boolean;
    readonly sentMs: number;
  },
): AckResult {
  const earlier = decodeMessage(lease.ack).options;
  const { ack, warnings } = completeRenewal(message, earlier);
  const result = leaseFromAck(ack, { sentMs, warnings });
  const isSame = sameAddress(message.yiaddr, lease.address);
  if (result.kind === "unusable" || isSame || isGranter) return result;
  const given = formatIpAddress(message.yiaddr);
  const reason = `address ${given} instead of ${
    formatIpAddress(lease.address)
  }`;
  return { kind: "unusable", reason };
}

function renew(
  state: Bound | Renewing | Rebinding,
  context: ClientContext,
): Step {
  const { t1Ms, t2Ms } = state.lease;
  const phase = {
    sends: state.state === "RENEWING" ? state.exchange.sends + 1 : 1,
    startsMs: t1Ms,
    endsMs: t2Ms,
  };
  return sendRenewal(state, phase, context);
}

/** Sends a REQUEST to the server that granted the lease. */
function sendRenewal(
  state: Bound | Renewing | Rebinding,
  phase: Phase,
  context: ClientContext,
): Step {
  const { lease } = state;
  const { address, serverIdentifier: server } = lease;
  const fields = sendFields(lease, context);
  const exchange = nextRequest(fields, phase, context);
  return step(
    { ...commonOf(state), state: "RENEWING", lease, exchange },
    send(
      requestRenewing(context.settings, { ...fields, address, server }),
      exchange.sends,
    ),
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
    send(
      requestRebinding(context.settings, { ...fields, address }),
      exchange.sends,
    ),
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
  { sends, startsMs, endsMs }: Phase,
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
    startedMs: nowMs,
    sends,
    lastSentMs: nowMs,
    nextSendMs: nowMs + gapMs,
    endsMs,
    refusals: [],
  };
}

function wakeOf({ nextSendMs, endsMs }: Exchange): number {
  return Math.min(nextSendMs, endsMs);
}
