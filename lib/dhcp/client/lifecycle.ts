/** The events start, resume and stop. Pure. @module */

import { enterInit, enterInitReboot, newAcquisition } from "./acquisition.ts";
import { bound } from "./bound.ts";
import type { ClientContext, ClientEvent } from "./event.ts";
import { releaseOffer } from "./requesting.ts";
import {
  type ClientState,
  commonOf,
  leaseInUse,
  type Offer,
  offerOf,
  type Stopped,
} from "./state.ts";
import { type Step, step } from "./step.ts";

/** Enters INIT, or INIT-REBOOT if an address is known. */
export function onStart(
  state: Stopped,
  event: Extract<ClientEvent, { kind: "start" }>,
  context: ClientContext,
): Step {
  const { settings, nowMs } = context;
  const common = { link: event.link, restarts: state.restarts };
  const deadlineMs = nowMs + settings.timings.resendTimeoutMs;
  const { held } = event;
  if (held === undefined) {
    const acquisition = newAcquisition(context, deadlineMs);
    return step(enterInit(common, acquisition, nowMs));
  }
  const { address } = held;
  const wish = { address, granted: held };
  const acquisition = newAcquisition(context, deadlineMs, wish);
  const known = { acquisition, address, lease: undefined };
  return step(enterInitReboot(common, known, nowMs));
}

/** Enters BOUND. Deadlines that have passed meanwhile, up to the expiry, take effect at once. */
export function onResume(
  state: Stopped,
  { link, lease }: Extract<ClientEvent, { kind: "resume" }>,
): Step {
  return step(bound({ link, restarts: state.restarts }, lease));
}

/** Enters STOPPED; releases on request what the server holds, or may hold, for this client. */
export function onStop(
  state: ClientState,
  event: Extract<ClientEvent, { kind: "stop" }>,
  context: ClientContext,
): Step {
  const stopped: Stopped = { ...commonOf(state), state: "STOPPED" };
  const granted = grantedTo(state);
  return event.release && granted !== undefined
    ? step(stopped, releaseOffer(granted, context))
    : step(stopped);
}

function grantedTo(state: ClientState): Offer | undefined {
  const lease = state.state === "PROBING" ? state.lease : leaseInUse(state);
  if (lease !== undefined) return offerOf(lease);
  // The ACK may be in transit, or lost. A server that has not granted the address ignores the
  // RELEASE.
  return "acquisition" in state ? state.acquisition.granted : undefined;
}
