/** INIT-REBOOT and REBOOTING: does an address from earlier still hold? (RFC 2131 section 3.2). Pure. @module */

import type { DhcpMessage } from "../codec/dhcp_message.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { asksForBroadcast, enterInit, failureSoFar } from "./acquisition.ts";
import { acquired, bound, lose, renewed } from "./bound.ts";
import type { ClientContext } from "./event.ts";
import { completeRenewal, leaseFromAck } from "./lease.ts";
import { checkReply } from "./reply.ts";
import { requestInitReboot } from "./request.ts";
import { giveUp, refuseAck, refusedByNak } from "./requesting.ts";
import {
  commonOf,
  type InitReboot,
  mayStartAtMs,
  type Rebooting,
} from "./state.ts";
import {
  log,
  openExchange,
  repeatExchange,
  secsSince,
  send,
  type Step,
  step,
} from "./step.ts";

/**
 * A server that does not know the client stays silent (RFC 2131 section 4.3.2), so a DISCOVER must not have to wait
 * for long behind this question, and there must be time left for it.
 */
const REBOOT_TIMEOUT_MS = 4000;

/** The first REQUEST, the end of the lease, or the deadline. */
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
  const timeoutMs = Math.min(
    settings.timings.timeoutMs,
    REBOOT_TIMEOUT_MS,
    (acquisition.deadlineMs - nowMs) / 2,
  );
  return step(
    {
      ...commonOf(state),
      state: "REBOOTING",
      acquisition,
      address,
      lease,
      exchange: openExchange(fields, timeoutMs, context),
    },
    send(requestInitReboot(settings, { ...fields, address })),
  );
}

/** The REQUEST once more; without any answer the running lease is kept (section 3.2 step 4), or DISCOVER follows. */
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
  const { xid } = exchange;
  return step(
    { ...state, exchange: repeatExchange(exchange, fields, context) },
    send(requestInitReboot(settings, { ...fields, xid, address })),
  );
}

/** ACK or NAK of any server: whoever is responsible for this link answers. */
export function onRebootingPacket(
  state: Rebooting,
  message: DhcpMessage,
  context: ClientContext,
): Step {
  const { acquisition, lease, exchange } = state;
  const check = checkReply(message, exchange.xid, context.settings);
  if (check.kind === "foreign") return step(state);
  if (check.kind === "refused") {
    return step(
      state,
      log("debug", "reply-ignored", { reason: check.reason }),
    );
  }
  const { reply } = check;
  if (reply.type === "OFFER") return step(state);
  if (reply.type === "NAK") {
    return lease === undefined
      ? refusedByNak(state, acquisition, reply, context)
      : lose(state, lease, { reason: "nak", message: reply.text }, context);
  }
  const ack = lease === undefined ? message : completeRenewal(message, lease);
  const result = leaseFromAck(ack, exchange.lastSentMs);
  if (result.kind === "lease") {
    return lease === undefined
      ? acquired(state, acquisition, result, context)
      : renewed(state, lease, result);
  }
  if (lease !== undefined) {
    return step(state, log("warn", "ack-refused", { reason: result.reason }));
  }
  const offer = { address: state.address, server: reply.server };
  const { reason } = result;
  return refuseAck(state, acquisition, { offer, reason }, context);
}
