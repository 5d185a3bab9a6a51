/**
 * INIT-REBOOT and REBOOTING: is an address from earlier still valid? (RFC 2131 section 3.2). Pure.
 *
 * @module
 */

import { decodeMessage, type DhcpMessage } from "../codec/dhcp_message.ts";
import type { DhcpOptions } from "../codec/options.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import {
  asksForBroadcast,
  enterInit,
  failureSoFar,
  resendLimits,
} from "./acquisition.ts";
import { resendGapMs } from "./backoff.ts";
import { acquired, bound, lose, renewed } from "./bound.ts";
import type { ClientContext } from "./event.ts";
import { checkAnswer } from "./reply.ts";
import { requestInitReboot } from "./request.ts";
import {
  giveUp,
  grantedBy,
  readFirstAck,
  refuseAck,
  refusedByNak,
} from "./requesting.ts";
import {
  commonOf,
  type InitReboot,
  mayStartAtMs,
  type Rebooting,
} from "./state.ts";
import {
  log,
  openExchange,
  refuseAnswer,
  repeatExchange,
  secsSince,
  send,
  type Step,
  step,
} from "./step.ts";

/**
 * A server that does not know the client stays silent (RFC 2131 section 4.3.2). So the DISCOVER
 * must not wait long for an answer to this REQUEST, and needs time before the deadline.
 */
const REBOOT_TIMEOUT_MS = 4000;

/** Sends the first REQUEST, loses the lease at its expiry, or fails at the deadline. */
export function onInitRebootTimer(
  state: InitReboot,
  context: ClientContext,
): Step {
  const { acquisition, address, lease } = state;
  const { settings, nowMs } = context;
  if (lease !== undefined && nowMs >= lease.expiresMs) {
    return lose(state, lease, { reason: "expired" }, context);
  }
  if (nowMs >= acquisition.deadlineMs) {
    return giveUp(state, failureSoFar(state, acquisition), context);
  }
  if (nowMs < mayStartAtMs(state)) return step(state);
  const fields = {
    xid: context.randomU32(),
    secs: secsSince(acquisition.startedMs, context),
    isBroadcast: asksForBroadcast(context, 0),
  };
  const times = {
    gapMs: resendGapMs(1, resendLimits(acquisition, context)),
    timeoutMs: Math.min(
      settings.timings.timeoutMs,
      REBOOT_TIMEOUT_MS,
      (acquisition.deadlineMs - nowMs) / 2,
    ),
  };
  return step(
    {
      ...commonOf(state),
      state: "REBOOTING",
      acquisition,
      address,
      lease,
      exchange: openExchange(fields, times, context),
    },
    send(requestInitReboot(settings, { ...fields, address })),
  );
}

/**
 * Sends the REQUEST again. Without an answer a lease stays in use (section 3.2 step 4), else
 * DISCOVER follows.
 */
export function onRebootingTimer(
  state: Rebooting,
  context: ClientContext,
): Step {
  const { acquisition, address, lease, exchange } = state;
  const { settings, nowMs } = context;
  if (lease !== undefined && nowMs >= lease.expiresMs) {
    return lose(state, lease, { reason: "expired" }, context);
  }
  if (nowMs >= acquisition.deadlineMs) {
    return giveUp(state, failureSoFar(state, acquisition), context);
  }
  if (nowMs >= exchange.endsMs) {
    const unanswered = log("info", "reboot-unanswered", {
      address: formatIpAddress(address),
    });
    return lease === undefined
      ? step(enterInit(state, { ...acquisition, address }, nowMs), unanswered)
      : step(bound(state, lease), unanswered);
  }
  if (nowMs < exchange.nextSendMs) return step(state);
  const fields = {
    secs: secsSince(acquisition.startedMs, context),
    isBroadcast: asksForBroadcast(context, exchange.sends),
  };
  const { xid, sends } = exchange;
  const gapMs = resendGapMs(sends + 1, resendLimits(acquisition, context));
  const repeated = repeatExchange(exchange, { ...fields, gapMs }, context);
  return step(
    { ...state, exchange: repeated },
    send(
      requestInitReboot(settings, { ...fields, xid, address }),
      repeated.sends,
    ),
  );
}

/** Handles an ACK or NAK of any server: the one that is responsible for this link answers. */
export function onRebootingPacket(
  state: Rebooting,
  message: DhcpMessage,
  context: ClientContext,
): Step {
  const { acquisition, address, lease, exchange } = state;
  const { settings } = context;
  const { xid } = exchange;
  const answer = checkAnswer(message, { xid, settings, server: undefined });
  if (answer.kind === "ignored") return step(state, ...answer.effects);
  if (answer.kind === "nak") {
    return lease === undefined
      ? refusedByNak(state, acquisition, answer, context)
      : lose(state, lease, { reason: "nak", message: answer.text }, context);
  }
  const result = readFirstAck(message, {
    requested: address,
    earlier: lease === undefined
      ? NO_OPTIONS
      : decodeMessage(lease.ack).options,
    sentMs: exchange.lastSentMs,
  });
  if (result.kind === "lease") {
    return lease === undefined
      ? acquired(state, acquisition, result.lease, context)
      : renewed(state, lease, result.lease);
  }
  const { reason } = result;
  if (lease !== undefined) {
    const refusal = refuseAnswer(exchange, "ack-refused", { reason });
    return step({ ...state, exchange: refusal.exchange }, refusal.logged);
  }
  const granted = grantedBy(message, { address, server: answer.server });
  return refuseAck(state, acquisition, { granted, reason }, context);
}

const NO_OPTIONS: DhcpOptions = new Map();
