/**
 * PROBING, and the ways into and out of BOUND: a lease is acquired, renewed, lost. Pure.
 *
 * @module
 */

import { formatIpAddress } from "../../net/ip_address.ts";
import { beginAgain, newAcquisition } from "./acquisition.ts";
import type { ClientContext, ClientEffect, LossReason } from "./event.ts";
import { changedFields, type Lease } from "./lease.ts";
import {
  type Acquisition,
  type Bound,
  type Common,
  commonOf,
  offerOf,
  type Probing,
} from "./state.ts";
import { log, type Step, step } from "./step.ts";

/**
 * Enters PROBING if the address is to be probed, else BOUND: a client without a lease has acquired
 * one.
 */
export function acquired(
  common: Common,
  acquisition: Acquisition,
  lease: Lease,
  context: ClientContext,
): Step {
  const { probeMs } = context.settings.timings;
  const effects = lease.warnings.map(warn);
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

/** Enters BOUND once the probe is over: no other host uses the address. */
export function onProbingTimer(state: Probing, context: ClientContext): Step {
  return context.nowMs < state.endsMs
    ? step(state)
    : step(bound(state, state.lease), ...announce(state.lease));
}

/**
 * Enters BOUND with a renewed lease: new deadlines, and perhaps other values. What was ignored in
 * the lease before as well is not worth a warning each time.
 */
export function renewed(common: Common, previous: Lease, lease: Lease): Step {
  const changed = changedFields(previous, lease);
  const effects = lease.warnings.map((reason) =>
    previous.warnings.includes(reason)
      ? log("debug", "option-ignored", { reason })
      : warn(reason)
  );
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
      { kind: "leaseChanged", lease, previous },
    );
  }
  return step(bound(common, lease), ...effects);
}

/**
 * Enters INIT without a lease: the address must not be used any more, and the client seeks another,
 * for as long as it takes.
 *
 * @param loss `message` is what the server said with its NAK.
 */
export function lose(
  common: Common,
  lease: Lease,
  loss: { readonly reason: LossReason; readonly message?: string },
  context: ClientContext,
): Step {
  const { reason, message = "" } = loss;
  // The same address is worth requesting only if no server refused it.
  const address = reason === "expired" ? lease.address : undefined;
  const acquisition = newAcquisition(context, Infinity, { address });
  return step(
    beginAgain(common, acquisition, context),
    log("warn", "lease-lost", { ...describeLease(lease), reason, message }),
    { kind: "leaseLost", lease, reason, message },
  );
}

/** Returns BOUND with `lease`. */
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
