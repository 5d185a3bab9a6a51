/** BOUND, RENEWING and REBINDING: keeping the lease (RFC 2131 section 4.4.5). Pure. @module */

import type { DhcpMessage } from "../dhcp4/message.ts";
import { sameAddress } from "../net/ip_address.ts";
import { renewalGapMs } from "./backoff.ts";
import { lose, renewed } from "./bound.ts";
import type { ClientContext } from "./event.ts";
import { completeRenewal, type Lease, leaseFromAck } from "./lease.ts";
import { checkReply } from "./reply.ts";
import {
  requestRebinding,
  requestRenewing,
  type SendFields,
} from "./request.ts";
import {
  type Bound,
  type Common,
  commonOf,
  type Exchange,
  type Rebinding,
  type Renewing,
} from "./state.ts";
import { log, secsSince, send, type Step, step } from "./step.ts";

/**
 * The latest deadline that has passed decides: expiry, T2, T1, or the next try. So it does not matter how late a
 * timer is, as after the host was suspended.
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
  if (nowMs >= lease.t2Ms) return rebind(state, lease, context);
  if (nowMs >= lease.t1Ms) return renew(state, lease, context);
  return step(state);
}

/** ACK or NAK: in RENEWING of the server that granted the lease, in REBINDING of any. */
export function onRenewalPacket(
  state: Renewing | Rebinding,
  message: DhcpMessage,
  context: ClientContext,
): Step {
  const { lease, exchange } = state;
  const check = checkReply(message, exchange.xid, context.settings);
  if (check.kind === "foreign") return step(state);
  if (check.kind === "refused") {
    return step(
      state,
      log("debug", "reply-refused", { reason: check.reason }),
    );
  }
  const { type, server, text } = check.reply;
  const isAuthorized = state.state === "REBINDING" ||
    sameAddress(server, lease.serverIdentifier);
  if (type === "OFFER" || !isAuthorized) return step(state);
  if (type === "NAK") {
    return lose(state, lease, { reason: "nak", message: text }, context);
  }
  const ack = completeRenewal(message, lease);
  const result = leaseFromAck(ack, exchange.lastSentMs);
  return result.kind === "unusable"
    ? step(state, log("warn", "ack-refused", { reason: result.reason }))
    : renewed(state, lease, result);
}

function renew(common: Common, lease: Lease, context: ClientContext): Step {
  const { settings } = context;
  const { address, serverIdentifier: server, t1Ms, t2Ms } = lease;
  const fields = sendFields(lease, context);
  return step(
    {
      ...commonOf(common),
      state: "RENEWING",
      lease,
      exchange: singleSend(fields, t1Ms, t2Ms, context),
    },
    send(requestRenewing(settings, { ...fields, address, server })),
  );
}

function rebind(common: Common, lease: Lease, context: ClientContext): Step {
  const { settings } = context;
  const { address, t2Ms, expiresMs } = lease;
  const fields = sendFields(lease, context);
  return step(
    {
      ...commonOf(common),
      state: "REBINDING",
      lease,
      exchange: singleSend(fields, t2Ms, expiresMs, context),
    },
    send(requestRebinding(settings, { ...fields, address })),
  );
}

/** Each try has its own xid: the lease that an ACK grants begins when exactly that REQUEST was sent. */
function sendFields(lease: Lease, context: ClientContext): SendFields {
  return {
    xid: context.randomU32(),
    secs: secsSince(lease.t1Ms, context),
    // The address is set, so a unicast answer reaches us ("auto").
    isBroadcast: context.settings.broadcast === true,
  };
}

function singleSend(
  fields: SendFields,
  phaseStartMs: number,
  phaseEndMs: number,
  { nowMs }: ClientContext,
): Exchange {
  const gapMs = renewalGapMs(phaseEndMs - nowMs, phaseEndMs - phaseStartMs);
  return {
    ...fields,
    sends: 1,
    lastSentMs: nowMs,
    nextSendMs: nowMs + gapMs,
    endsMs: phaseEndMs,
  };
}

function wakeOf({ nextSendMs, endsMs }: Exchange): number {
  return Math.min(nextSendMs, endsMs);
}
