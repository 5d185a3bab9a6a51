/** The link goes down or comes up. Pure. @module */

import {
  beginAgain,
  enterInit,
  enterInitReboot,
  newAcquisition,
  restart,
} from "./acquisition.ts";
import { bound } from "./bound.ts";
import type { ClientContext } from "./event.ts";
import type { Lease } from "./lease.ts";
import type { ClientState } from "./state.ts";
import { type Step, step } from "./step.ts";

/** Nothing can be acquired: exchanges end and wait for the link. A lease stays; its deadlines go on. */
export function onLinkDown(state: ClientState): Step {
  if (state.link === "down") return step(state);
  const common = { link: "down", restarts: state.restarts } as const;
  switch (state.state) {
    case "INIT":
    case "SELECTING":
      return step(enterInit(common, state.acquisition, Infinity));
    case "REQUESTING": {
      const { address } = state.offer;
      const acquisition = { ...state.acquisition, address };
      return step(enterInit(common, acquisition, Infinity));
    }
    case "INIT-REBOOT":
    case "REBOOTING": {
      const { lease } = state;
      return step(
        lease === undefined
          ? enterInitReboot(common, { ...state, lease }, Infinity)
          : bound(common, lease),
      );
    }
    case "STOPPED":
    case "PROBING":
    case "BOUND":
    case "RENEWING":
    case "REBINDING":
      return step({ ...state, ...common });
    default: {
      const unknown: never = state;
      return unknown;
    }
  }
}

/**
 * What waited for the link goes on, at once the first time. A lease is asked about: the link may lead to another
 * network now (RFC 2131 section 3.7, RFC 4436 section 1).
 */
export function onLinkUp(state: ClientState, context: ClientContext): Step {
  if (state.link === "up") return step(state);
  const common = { link: "up", restarts: state.restarts } as const;
  switch (state.state) {
    case "INIT": {
      const { acquisition } = state;
      // The first time the link comes up is no restart: nothing was sent yet.
      const next = acquisition.discovers === 0
        ? enterInit(common, acquisition, context.nowMs)
        : beginAgain(common, acquisition, context);
      return step(next);
    }
    case "INIT-REBOOT": {
      const begun = restart(common, context);
      return step(enterInitReboot(begun.common, state, begun.startsMs));
    }
    case "BOUND":
    case "RENEWING":
    case "REBINDING": {
      const begun = restart(common, context);
      const known = verificationOf(state.lease, context);
      return step(enterInitReboot(begun.common, known, begun.startsMs));
    }
    case "STOPPED":
    case "PROBING":
    case "SELECTING":
    case "REQUESTING":
    case "REBOOTING":
      return step({ ...state, ...common });
    default: {
      const unknown: never = state;
      return unknown;
    }
  }
}

/** What INIT-REBOOT needs to ask about a running lease; nobody waits for the answer. */
export function verificationOf(
  lease: Lease,
  context: ClientContext,
): Parameters<typeof enterInitReboot>[1] {
  const { address } = lease;
  const acquisition = newAcquisition(context, Infinity, address);
  return { acquisition, address, lease };
}
