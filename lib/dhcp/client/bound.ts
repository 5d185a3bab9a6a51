/** Getting, keeping and losing a lease: PROBING and the ways into and out of BOUND. Pure. @module */

import { formatIpAddress } from "../../net/ip_address.ts";
import { beginAgain, newAcquisition } from "./acquisition.ts";
import type { ClientContext, ClientEffect, LossReason } from "./event.ts";
import { type AckResult, changedFields, type Lease } from "./lease.ts";
import {
  type Acquisition,
  type Bound,
  type Common,
  commonOf,
  offerOf,
  type Probing,
} from "./state.ts";
import { log, type Step, step } from "./step.ts";

/** A usable ACK. */
export type Granted = Extract<AckResult, { readonly kind: "lease" }>;

/** A client without a lease has got one: PROBING if that is asked for, else BOUND. */
export function acquired(
  common: Common,
  acquisition: Acquisition,
  { lease, warnings }: Granted,
  context: ClientContext,
): Step {
  const { probeMs } = context.settings.timings;
  const effects = warnings.map(warn);
  if (probeMs === 0) {
    return step(bound(common, lease), ...effects, ...announce(lease));
  }
  const probing: Probing = {
    ...commonOf(common),
    state: "PROBING",
    acquisition: { ...acquisition, granted: offerOf(lease) },
    lease,
    endsMs: context.nowMs + probeMs,
  };
  return step(probing, ...effects, {
    kind: "probe",
    address: lease.address,
    durationMs: probeMs,
  });
}

/** The probe found nobody. */
export function onProbingTimer(state: Probing, context: ClientContext): Step {
  return context.nowMs < state.endsMs
    ? step(state)
    : step(bound(state, state.lease), ...announce(state.lease));
}

/** A lease was confirmed: BOUND again, with new deadlines and perhaps other values. */
export function renewed(
  common: Common,
  previous: Lease,
  { lease, warnings }: Granted,
): Step {
  const changed = changedFields(previous, lease);
  const effects = warnings.map(warn);
  if (changed.length === 0) {
    effects.push(
      log("info", "lease-renewed", describeLease(lease)),
      { kind: "leaseRenewed", lease },
    );
  } else {
    effects.push(
      log("warn", "lease-changed", {
        ...describeLease(lease),
        changed: changed.join(),
      }),
      { kind: "leaseChanged", lease, previous, changed },
    );
  }
  return step(bound(common, lease), ...effects);
}

/** The address must not be used any more; another is sought, for as long as it takes. */
export function lose(
  common: Common,
  lease: Lease,
  loss: {
    readonly reason: LossReason;
    readonly message?: string;
    readonly leastDelayMs?: number;
  },
  context: ClientContext,
): Step {
  const { reason, message = "", leastDelayMs = 0 } = loss;
  // The same address is worth asking for only if nobody objected to it.
  const address = reason === "expired" ? lease.address : undefined;
  const acquisition = newAcquisition(context, Infinity, { address });
  return step(
    beginAgain(common, acquisition, context, leastDelayMs),
    log("warn", "lease-lost", { ...describeLease(lease), reason, message }),
    { kind: "leaseLost", lease, reason, message },
  );
}

/** BOUND with `lease`. */
export function bound(common: Common, lease: Lease): Bound {
  return { ...commonOf(common), state: "BOUND", lease };
}

function announce(lease: Lease): ClientEffect[] {
  return [
    log("info", "lease-acquired", describeLease(lease)),
    { kind: "leaseAcquired", lease },
  ];
}

function warn(reason: string): ClientEffect {
  return log("warn", "option-ignored", { reason });
}

function describeLease(lease: Lease): Record<string, string | number> {
  return {
    address: `${formatIpAddress(lease.address)}/${lease.prefixLength}`,
    server: formatIpAddress(lease.serverIdentifier),
    // Whole, as the server sent it: the clock has fractions.
    leaseSeconds: Math.round((lease.expiresMs - lease.sentMs) / 1000),
  };
}
