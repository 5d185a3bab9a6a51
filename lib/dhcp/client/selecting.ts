/**
 * INIT and SELECTING: DISCOVER until a usable offer arrives (RFC 2131 section 4.4.1). Pure.
 *
 * @module
 */

import type { DhcpMessage } from "../codec/dhcp_message.ts";
import {
  asksForBroadcast,
  failureSoFar,
  offerTimeoutMs,
  pause,
  resendLimits,
} from "./acquisition.ts";
import { resendGapMs } from "./backoff.ts";
import type { ClientContext } from "./event.ts";
import type { Failure } from "./failure.ts";
import { checkOffer } from "./offer.ts";
import { discover } from "./request.ts";
import { acceptOffer, giveUp } from "./requesting.ts";
import { commonOf, type Init, mayStartAtMs, type Selecting } from "./state.ts";
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

/** Sends the first DISCOVER of an exchange, or fails at the deadline. */
export function onInitTimer(state: Init, context: ClientContext): Step {
  const { acquisition } = state;
  const { settings, nowMs } = context;
  if (nowMs >= acquisition.deadlineMs) {
    return giveUp(state, failureSoFar(state, acquisition), context);
  }
  if (nowMs < mayStartAtMs(state)) return step(state);
  const xid = acquisition.xid ?? context.randomU32();
  const fields = {
    xid,
    secs: secsSince(acquisition.startedMs, context),
    isBroadcast: asksForBroadcast(context, acquisition.discovers),
  };
  const { address } = acquisition;
  const times = {
    gapMs: resendGapMs(1, resendLimits(acquisition, context)),
    timeoutMs: offerTimeoutMs(acquisition, context),
  };
  return step(
    {
      ...commonOf(state),
      state: "SELECTING",
      acquisition: {
        ...acquisition,
        xid,
        discovers: acquisition.discovers + 1,
      },
      exchange: openExchange(fields, times, context),
    },
    send(discover(settings, { ...fields, address })),
  );
}

/** Sends the DISCOVER again, pauses, or fails at the deadline. */
export function onSelectingTimer(
  state: Selecting,
  context: ClientContext,
): Step {
  const { acquisition, exchange } = state;
  const { settings, nowMs } = context;
  if (nowMs >= acquisition.deadlineMs) {
    return giveUp(state, failureSoFar(state, acquisition), context);
  }
  if (nowMs >= exchange.endsMs) {
    return step(
      pause(state, acquisition, context),
      log("info", "no-offer", { discovers: acquisition.discovers }),
    );
  }
  if (nowMs < exchange.nextSendMs) return step(state);
  const fields = {
    secs: secsSince(acquisition.startedMs, context),
    isBroadcast: asksForBroadcast(context, acquisition.discovers),
  };
  const { address } = acquisition;
  const { xid, sends } = exchange;
  const gapMs = resendGapMs(sends + 1, resendLimits(acquisition, context));
  const repeated = repeatExchange(exchange, { ...fields, gapMs }, context);
  return step(
    {
      ...state,
      acquisition: { ...acquisition, discovers: acquisition.discovers + 1 },
      exchange: repeated,
    },
    send(discover(settings, { ...fields, xid, address }), repeated.sends),
  );
}

/** Accepts the first usable offer; an ACK without a REQUEST (RFC 4039) was not asked for. */
export function onSelectingPacket(
  state: Selecting,
  message: DhcpMessage,
  context: ClientContext,
): Step {
  const check = checkOffer(message, state.exchange.xid, context.settings);
  switch (check.kind) {
    case "foreign":
      return step(state);
    case "refused":
      return refuse(state, check.reason);
    case "offer":
      return acceptOffer(state, check, context);
  }
}

function refuse(state: Selecting, reason: string): Step {
  const { discovers } = state.acquisition;
  const problem: Failure = { kind: "offer-refused", discovers, reason };
  const acquisition = { ...state.acquisition, problem };
  const { exchange, logged } = refuseAnswer(state.exchange, "offer-refused", {
    reason,
  });
  return step({ ...state, acquisition, exchange }, logged);
}
