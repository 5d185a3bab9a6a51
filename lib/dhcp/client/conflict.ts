/** Another host uses the client's address: DECLINE (RFC 2131 section 3.1 step 5, RFC 5227). Pure. @module */

import { beginAgain, refused } from "./acquisition.ts";
import { lose } from "./bound.ts";
import type { ClientContext, ClientEffect } from "./event.ts";
import type { Failure } from "./failure.ts";
import type { Lease } from "./lease.ts";
import { decline } from "./request.ts";
import { type ClientState, leaseInUse } from "./state.ts";
import { after, log, send, type Step, step } from "./step.ts";
import { formatIpAddress } from "../../net/ip_address.ts";

/** "The client SHOULD wait a minimum of ten seconds before restarting" (RFC 2131 section 3.1 step 5). */
const MIN_WAIT_MS = 10_000;

/** Declines the address that is being probed or in use and begins again; ignored in any other state. */
export function onConflict(state: ClientState, context: ClientContext): Step {
  if (state.state === "PROBING") {
    const { address } = state.lease;
    const problem: Failure = { kind: "conflict", address };
    const next = refused(state.acquisition, problem);
    return after(
      declineEffects(state.lease, context),
      step(beginAgain(state, next, context, MIN_WAIT_MS)),
    );
  }
  const lease = leaseInUse(state);
  if (lease === undefined) return step(state);
  const loss = { reason: "conflict", leastDelayMs: MIN_WAIT_MS } as const;
  return after(
    declineEffects(lease, context),
    lose(state, lease, loss, context),
  );
}

function declineEffects(lease: Lease, context: ClientContext): ClientEffect[] {
  const { address, serverIdentifier: server } = lease;
  const xid = context.randomU32();
  return [
    log("warn", "conflict-detected", { address: formatIpAddress(address) }),
    send(decline(context.settings, { xid, address, server })),
  ];
}
