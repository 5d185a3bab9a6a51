/**
 * INIT and SELECTING: DISCOVER until a usable offer arrives (RFC 2131 section 4.4.1). Pure.
 *
 * @module
 */

import type { DhcpMessage } from "../codec/dhcp_message.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { isHostAddress } from "../../net/ipv4_address.ts";
import { asksForBroadcast, failureSoFar, pause } from "./acquisition.ts";
import type { ClientContext } from "./event.ts";
import type { Failure } from "./failure.ts";
import { checkReply } from "./reply.ts";
import { discover } from "./request.ts";
import { acceptOffer, giveUp } from "./requesting.ts";
import { commonOf, type Init, mayStartAtMs, type Selecting } from "./state.ts";
import {
  log,
  openExchange,
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
  const fields = {
    xid: context.randomU32(),
    secs: secsSince(acquisition.startedMs, context),
    isBroadcast: asksForBroadcast(context, acquisition.discovers),
  };
  const { address } = acquisition;
  return step(
    {
      ...commonOf(state),
      state: "SELECTING",
      acquisition: { ...acquisition, discovers: acquisition.discovers + 1 },
      exchange: openExchange(fields, settings.timings.timeoutMs, context),
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
  const { xid } = exchange;
  return step(
    {
      ...state,
      acquisition: { ...acquisition, discovers: acquisition.discovers + 1 },
      exchange: repeatExchange(exchange, fields, context),
    },
    send(discover(settings, { ...fields, xid, address })),
  );
}

/** Accepts the first usable offer; an ACK without a REQUEST (RFC 4039) was not asked for. */
export function onSelectingPacket(
  state: Selecting,
  message: DhcpMessage,
  context: ClientContext,
): Step {
  const check = checkReply(message, state.exchange.xid, context.settings);
  if (check.kind === "foreign") return step(state);
  if (check.kind === "refused") return refuse(state, check.reason);
  const { reply } = check;
  if (reply.type !== "OFFER") {
    return refuse(state, `DHCP${reply.type} instead of DHCPOFFER`);
  }
  const address = message.yiaddr;
  if (!isHostAddress(address)) {
    return refuse(state, `address ${formatIpAddress(address)} in yiaddr`);
  }
  return acceptOffer(state, { address, server: reply.server }, context);
}

function refuse(state: Selecting, reason: string): Step {
  const { discovers } = state.acquisition;
  const earlier = state.acquisition.problem;
  // One line for each reason: a server that repeats the same bad offer must not fill the log.
  const isKnown = earlier?.kind === "offer-refused" &&
    earlier.reason === reason;
  const problem: Failure = { kind: "offer-refused", discovers, reason };
  return step(
    { ...state, acquisition: { ...state.acquisition, problem } },
    log(isKnown ? "debug" : "warn", "offer-refused", { reason }),
  );
}
