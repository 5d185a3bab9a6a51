/** REQUESTING: one offer was taken, its server has to confirm it (RFC 2131 section 3.1 steps 3 to 5). Pure. @module */

import type { DhcpMessage } from "../codec/dhcp_message.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import {
  asksForBroadcast,
  beginAgain,
  fail,
  isAwaited,
  pause,
  refused,
} from "./acquisition.ts";
import { acquired } from "./bound.ts";
import type { ClientContext, ClientEffect } from "./event.ts";
import type { Failure } from "./failure.ts";
import { leaseFromAck } from "./lease.ts";
import { checkReply, type Reply } from "./reply.ts";
import { release, requestSelecting } from "./request.ts";
import {
  type Acquisition,
  type ClientState,
  type Common,
  commonOf,
  type Offer,
  type Requesting,
  type Selecting,
} from "./state.ts";
import {
  after,
  log,
  openExchange,
  repeatExchange,
  send,
  type Step,
  step,
} from "./step.ts";

/** REQUESTING, with the xid and the `secs` of the DISCOVER (RFC 2131 table 5 and section 3.1 step 3). */
export function takeOffer(
  { acquisition, exchange, ...common }: Selecting,
  offer: Offer,
  context: ClientContext,
): Step {
  const { settings } = context;
  const { xid, secs, isBroadcast } = exchange;
  const fields = { xid, secs, isBroadcast };
  return step(
    {
      ...commonOf(common),
      state: "REQUESTING",
      acquisition: { ...acquisition, discovers: 0, granted: offer },
      offer,
      exchange: openExchange(fields, settings.timings.timeoutMs, context),
    },
    log("info", "offer-accepted", describeOffer(offer)),
    send(requestSelecting(settings, { ...fields, ...offer })),
  );
}

/** The REQUEST once more, back to INIT, or the deadline. */
export function onRequestingTimer(
  state: Requesting,
  context: ClientContext,
): Step {
  const { acquisition, exchange, offer } = state;
  const { settings, nowMs } = context;
  const requests = exchange.sends;
  const problem: Failure = { kind: "no-ack", ...offer, requests };
  if (nowMs >= acquisition.deadlineMs) {
    return giveUp(state, problem, context);
  }
  if (nowMs >= exchange.endsMs) {
    return step(
      pause(state, { ...acquisition, problem }, context),
      log("warn", "no-ack", { ...describeOffer(offer), requests }),
    );
  }
  if (nowMs < exchange.nextSendMs) return step(state);
  const { xid, secs } = exchange;
  const isBroadcast = exchange.isBroadcast ||
    asksForBroadcast(context, requests);
  const repeated = repeatExchange(exchange, { secs, isBroadcast }, context);
  return step(
    { ...state, exchange: repeated },
    send(requestSelecting(settings, { xid, secs, isBroadcast, ...offer })),
  );
}

/** ACK or NAK of the server whose offer was taken; other servers have no say. */
export function onRequestingPacket(
  state: Requesting,
  message: DhcpMessage,
  context: ClientContext,
): Step {
  const { acquisition, exchange, offer } = state;
  const check = checkReply(message, exchange.xid, context.settings);
  if (check.kind === "foreign") return step(state);
  if (check.kind === "refused") {
    return step(
      state,
      log("debug", "reply-ignored", { reason: check.reason }),
    );
  }
  const { reply } = check;
  if (reply.type === "OFFER" || !sameAddress(reply.server, offer.server)) {
    return step(state);
  }
  if (reply.type === "NAK") {
    return refusedByNak(state, acquisition, reply, context);
  }
  const result = leaseFromAck(message, exchange.lastSentMs);
  return result.kind === "unusable"
    ? refuseAck(state, acquisition, { offer, reason: result.reason }, context)
    : acquired(state, acquisition, result, context);
}

/** A NAK before there was a lease: back to INIT, at once the first time (RFC 2131 section 3.1 step 4). */
export function refusedByNak(
  common: Common,
  acquisition: Acquisition,
  { server, text }: Reply,
  context: ClientContext,
): Step {
  const problem: Failure = { kind: "nak", server, message: text };
  const next = refused(acquisition, problem);
  return step(
    beginAgain(common, next, context),
    log("warn", "nak-received", {
      server: formatIpAddress(server),
      message: text,
    }),
  );
}

/** An ACK that cannot be used: what it granted is given back, and the caller, if there is one, is told at once. */
export function refuseAck(
  common: Common,
  acquisition: Acquisition,
  { offer, reason }: { readonly offer: Offer; readonly reason: string },
  context: ClientContext,
): Step {
  const failure: Failure = {
    kind: "unusable-ack",
    server: offer.server,
    reason,
  };
  const effects = [giveBack(offer, context)];
  if (isAwaited(acquisition)) return after(effects, fail(common, failure));
  const next = { ...acquisition, problem: failure, granted: undefined };
  return step(
    beginAgain(common, next, context),
    ...effects,
    log("warn", "ack-refused", { ...describeOffer(offer), reason }),
  );
}

/** STOPPED: nothing came of it. A server may have granted something all the same, with an ACK that got lost. */
export function giveUp(
  state: Extract<ClientState, { readonly acquisition: Acquisition }>,
  failure: Failure,
  context: ClientContext,
): Step {
  const { granted } = state.acquisition;
  const effects = granted === undefined ? [] : [giveBack(granted, context)];
  return after(effects, fail(state, failure));
}

/** RELEASE of an address that the server has, or may have, granted. */
export function giveBack(offer: Offer, context: ClientContext): ClientEffect {
  const xid = context.randomU32();
  return send(release(context.settings, { xid, ...offer }));
}

function describeOffer({ address, server }: Offer): Record<string, string> {
  return {
    address: formatIpAddress(address),
    server: formatIpAddress(server),
  };
}
