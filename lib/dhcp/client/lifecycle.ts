/** Start, resume and stop. Pure. @module */

import { enterInit, enterInitReboot, newAcquisition } from "./acquisition.ts";
import { bound } from "./bound.ts";
import type { ClientContext, ClientEvent } from "./event.ts";
import { verificationOf } from "./link_change.ts";
import { giveBack } from "./requesting.ts";
import {
  type ClientState,
  commonOf,
  leaseInUse,
  type Offer,
  offerOf,
  type Stopped,
} from "./state.ts";
import { type Step, step } from "./step.ts";

/** INIT, or INIT-REBOOT if an address is known. */
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

/** BOUND, or INIT-REBOOT to ask first. What has passed meanwhile, up to the expiry, follows at once. */
export function onResume(
  state: Stopped,
  event: Extract<ClientEvent, { kind: "resume" }>,
  context: ClientContext,
): Step {
  const { link, lease, verify } = event;
  const common = { link, restarts: state.restarts };
  if (!verify) return step(bound(common, lease));
  const known = verificationOf(lease, context);
  return step(enterInitReboot(common, known, context.nowMs));
}

/** STOPPED; what the server holds for us, or may hold for us by now, is given back if asked. */
export function onStop(
  state: ClientState,
  event: Extract<ClientEvent, { kind: "stop" }>,
  context: ClientContext,
): Step {
  const stopped: Stopped = { ...commonOf(state), state: "STOPPED" };
  const granted = grantedTo(state);
  return event.release && granted !== undefined
    ? step(stopped, giveBack(granted, context))
    : step(stopped);
}

function grantedTo(state: ClientState): Offer | undefined {
  const lease = state.state === "PROBING" ? state.lease : leaseInUse(state);
  if (lease !== undefined) return offerOf(lease);
  // The ACK may be on its way, or lost: a server that has not granted it ignores the RELEASE.
  return "acquisition" in state ? state.acquisition.granted : undefined;
}
