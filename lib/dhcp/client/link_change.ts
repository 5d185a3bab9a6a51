/** The events linkDown and linkUp. Pure. @module */

import {
  askAgain,
  beginAgain,
  enterInitReboot,
  newAcquisition,
} from "./acquisition.ts";
import type { ClientContext } from "./event.ts";
import type { Lease } from "./lease.ts";
import type { ClientState } from "./state.ts";
import { type Step, step } from "./step.ts";

/**
 * A flapping link delays the REQUEST about a lease, but once T1 has passed by no more than this.
 */
const MIN_QUESTION_GAP_MS = 1000;

/**
 * Ends every exchange until the link is up again. A lease stays, and so do its deadlines.
 *
 * The backoff of the next exchange counts from now on: a flapping link must not make a client
 * flood.
 */
export function onLinkDown(state: ClientState, context: ClientContext): Step {
  if (state.link === "down") return step(state);
  const common = { link: "down", restarts: state.restarts } as const;
  switch (state.state) {
    case "SELECTING":
      return step(beginAgain(common, state.acquisition, context));
    case "REQUESTING": {
      const { address } = state.offer;
      const acquisition = { ...state.acquisition, address };
      return step(beginAgain(common, acquisition, context));
    }
    case "PROBING": {
      // No host could answer the probe, and the link may lead to another network afterwards.
      const { address } = state.lease;
      const known = { ...state, address, lease: undefined };
      return step(askAgain(common, known, context));
    }
    case "REBOOTING":
      return step(askAgain(common, state, context));
    case "STOPPED":
    case "INIT":
    case "INIT-REBOOT":
    case "BOUND":
    case "RENEWING":
    case "REBINDING":
      return step({ ...state, ...common });
  }
}

/**
 * Continues what waited for the link. The client asks whether a lease is still valid: the link may
 * lead to another network now (RFC 2131 section 3.7, RFC 4436 section 1).
 */
export function onLinkUp(state: ClientState, context: ClientContext): Step {
  if (state.link === "up") return step(state);
  const common = { link: "up", restarts: state.restarts } as const;
  switch (state.state) {
    case "BOUND":
    case "RENEWING":
    case "REBINDING": {
      const known = verificationOf(state.lease, context);
      return step(askAgain(common, known, context));
    }
    case "INIT-REBOOT": {
      const { lease, startsMs } = state;
      const latestMs = lease === undefined
        ? Infinity
        : Math.max(lease.t1Ms, context.nowMs + MIN_QUESTION_GAP_MS);
      return step(
        enterInitReboot(common, state, Math.min(startsMs, latestMs)),
      );
    }
    case "STOPPED":
    case "INIT":
    case "PROBING":
    case "SELECTING":
    case "REQUESTING":
    case "REBOOTING":
      return step({ ...state, ...common });
  }
}

/** Returns what INIT-REBOOT needs to ask about a lease in use; no caller waits for the answer. */
function verificationOf(
  lease: Lease,
  context: ClientContext,
): Parameters<typeof enterInitReboot>[1] {
  const { address } = lease;
  const acquisition = newAcquisition(context, Infinity, { address });
  return { acquisition, address, lease };
}
