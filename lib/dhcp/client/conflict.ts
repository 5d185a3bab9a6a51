/**
 * Another host uses the probed address: DECLINE (RFC 2131 section 3.1 step 5, RFC 5227). Pure.
 *
 * @module
 */

import { beginAgain, refused } from "./acquisition.ts";
import type { ClientContext } from "./event.ts";
import type { Failure } from "./failure.ts";
import { decline } from "./request.ts";
import type { ClientState } from "./state.ts";
import { log, send, type Step, step } from "./step.ts";
import { formatIpAddress } from "../../net/ip_address.ts";

/**
 * "The client SHOULD wait a minimum of ten seconds before restarting" (RFC 2131 section 3.1 step
 * 5).
 */
const MIN_WAIT_MS = 10_000;

/** Declines the address that is being probed and begins again; ignored in every other state. */
export function onConflict(state: ClientState, context: ClientContext): Step {
  if (state.state !== "PROBING") return step(state);
  const { address, serverIdentifier: server } = state.lease;
  const xid = context.randomU32();
  const problem: Failure = { kind: "conflict", address };
  const acquisition = refused(state.acquisition, problem);
  return step(
    beginAgain(state, acquisition, context, MIN_WAIT_MS),
    log("warn", "conflict-detected", { address: formatIpAddress(address) }),
    send(decline(context.settings, { xid, address, server })),
  );
}
