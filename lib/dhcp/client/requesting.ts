/**
 * REQUESTING: an offer was accepted, its server must confirm it (RFC 2131 section 3.1 steps 3 to
 * 5). Pure.
 *
 * @module
 */

import type { DhcpMessage } from "../codec/dhcp_message.ts";
import type { DhcpOptions } from "../codec/options.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { isAddressOfHost } from "../../net/subnet_host.ts";
import {
  ackTimeoutMs,
  asksForBroadcast,
  beginAgain,
  fail,
  isAwaited,
  pause,
  refused,
  resendLimits,
} from "./acquisition.ts";
import { requestGapMs } from "./backoff.ts";
import { acquired } from "./bound.ts";
import { completeFirstAck } from "./complete_ack.ts";
import type { ClientContext, ClientEffect } from "./event.ts";
import type { Failure } from "./failure.ts";
import { type AckResult, leasedSubnet, leaseFromAck } from "./lease.ts";
import { type Answer, checkAnswer } from "./reply.ts";
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

/**
 * Enters REQUESTING, with xid and `secs` of the DISCOVER (RFC 2131 table 5 and section 3.1 step 3).
 */
export function acceptOffer(
  { acquisition, exchange, ...common }: Selecting,
  { offer, offered }: Pick<Requesting, "offer" | "offered">,
  context: ClientContext,
): Step {
  const { settings } = context;
  const { xid, secs, isBroadcast } = exchange;
  const fields = { xid, secs, isBroadcast };
  const offerTookMs = context.nowMs - exchange.lastSentMs;
  const times = {
    gapMs: gapMs(1, { acquisition, offerTookMs }, context),
    timeoutMs: ackTimeoutMs(exchange, context),
  };
  return step(
    {
      ...commonOf(common),
      state: "REQUESTING",
      acquisition: { ...acquisition, discovers: 0, granted: offer },
      offer,
      offered,
      offerTookMs,
      exchange: openExchange(fields, times, context),
    },
    log("info", "offer-accepted", describeOffer(offer)),
    { kind: "offerAccepted", offer },
    send(requestSelecting(settings, { ...fields, ...offer })),
  );
}

/** Sends the REQUEST again, returns to INIT, or fails at the deadline. */
export function onRequestingTimer(
  state: Requesting,
  context: ClientContext,
): Step {
  const { acquisition, exchange, offer } = state;
  const { settings, nowMs } = context;
  const requests = exchange.sends;
  const problem: Failure = { kind: "no-ack", ...offer, requests };
  if (nowMs >= acquisition.deadlineMs) {
    // The only REQUEST may have been sent a moment ago: what went wrong before it says more.
    const failure = requests === 1 ? acquisition.problem ?? problem : problem;
    return giveUp(state, failure, context);
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
  const fields = { secs, isBroadcast };
  const repeated = repeatExchange(exchange, {
    ...fields,
    gapMs: gapMs(requests + 1, state, context),
  }, context);
  return step(
    { ...state, exchange: repeated },
    send(
      requestSelecting(settings, { ...fields, xid, ...offer }),
      repeated.sends,
    ),
  );
}

function gapMs(
  sends: number,
  { acquisition, offerTookMs }: Pick<
    Requesting,
    "acquisition" | "offerTookMs"
  >,
  context: ClientContext,
): number {
  const limits = resendLimits(acquisition, context);
  return requestGapMs(sends, { ...limits, offerTookMs });
}

/** Handles an ACK or NAK of the server whose offer was accepted; other servers are ignored. */
export function onRequestingPacket(
  state: Requesting,
  message: DhcpMessage,
  context: ClientContext,
): Step {
  const { acquisition, exchange, offer, offered } = state;
  const { settings } = context;
  const { xid } = exchange;
  const answer = checkAnswer(message, { xid, settings, server: offer.server });
  if (answer.kind === "ignored") return step(state, ...answer.effects);
  if (answer.kind === "nak") {
    return refusedByNak(state, acquisition, answer, context);
  }
  const result = readFirstAck(message, {
    requested: offer.address,
    earlier: offered,
    sentMs: exchange.lastSentMs,
  });
  if (result.kind === "lease") {
    return acquired(state, acquisition, result.lease, context);
  }
  const granted = grantedBy(message, offer);
  const { reason } = result;
  return refuseAck(state, acquisition, { granted, reason }, context);
}

/**
 * Builds the lease that the answer to a REQUEST for an address grants. An ACK for another address
 * is not the answer (RFC 2131 section 4.3.2).
 */
export function readFirstAck(
  message: DhcpMessage,
  { requested, earlier, sentMs }: {
    readonly requested: Ipv4Address;
    /** As in {@link completeFirstAck}. */
    readonly earlier: DhcpOptions;
    readonly sentMs: number;
  },
): AckResult {
  const result = leaseFromAck(completeFirstAck(message, earlier), { sentMs });
  const isRequested = sameAddress(message.yiaddr, requested);
  if (result.kind === "unusable" || isRequested) return result;
  const given = formatIpAddress(message.yiaddr);
  const reason = `address ${given} instead of ${formatIpAddress(requested)}`;
  return { kind: "unusable", reason };
}

/** Returns what the server of an unusable ACK holds for the client: the address in the ACK. */
export function grantedBy(message: DhcpMessage, requested: Offer): Offer {
  const { yiaddr: address } = message;
  return isAddressOfHost(address, leasedSubnet(message))
    ? { ...requested, address }
    : requested;
}

/**
 * Returns to INIT after a NAK without a lease, at once the first time (RFC 2131 section 3.1 step
 * 4).
 */
export function refusedByNak(
  common: Common,
  acquisition: Acquisition,
  { server, text }: Extract<Answer, { readonly kind: "nak" }>,
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

/** Releases what an unusable ACK granted; if a caller waits, the acquisition fails at once. */
export function refuseAck(
  common: Common,
  acquisition: Acquisition,
  { granted, reason }: { readonly granted: Offer; readonly reason: string },
  context: ClientContext,
): Step {
  const { address } = acquisition;
  const problem: Failure = {
    kind: "unusable-ack",
    server: granted.server,
    reason,
  };
  const effects = [releaseOffer(granted, context)];
  if (isAwaited(acquisition)) return after(effects, fail(common, problem));
  const next = { ...refused(acquisition, problem), address };
  return step(
    beginAgain(common, next, context),
    ...effects,
    log("warn", "ack-refused", { ...describeOffer(granted), reason }),
  );
}

/**
 * Enters STOPPED with a failure. Releases what a server may have granted with an ACK that was lost.
 */
export function giveUp(
  state: Extract<ClientState, { readonly acquisition: Acquisition }>,
  failure: Failure,
  context: ClientContext,
): Step {
  const { granted } = state.acquisition;
  const effects = granted === undefined ? [] : [releaseOffer(granted, context)];
  return after(effects, fail(state, failure));
}

/** Returns the RELEASE of an address that the server has, or may have, granted. */
export function releaseOffer(
  offer: Offer,
  context: ClientContext,
): ClientEffect {
  const xid = context.randomU32();
  return send(release(context.settings, { xid, ...offer }));
}

function describeOffer({ address, server }: Offer): Record<string, string> {
  return {
    address: formatIpAddress(address),
    server: formatIpAddress(server),
  };
}
