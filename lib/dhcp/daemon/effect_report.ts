/** What operators see of an effect: a counter, and an event for watchers. Pure. @module */

import { formatCidr } from "../../net/cidr.ts";
import type { ClientEffect } from "../client/event.ts";
import { describeFailure } from "../client/failure_text.ts";
import { changedFields } from "../client/lease.ts";
import { type ClientState, leaseInUse } from "../client/state.ts";
import type { CounterName } from "./metrics.ts";
import type { EventContent } from "./report_lease.ts";

/** The states before and after the transition that an effect belongs to. */
interface StateChange {
  readonly before: ClientState;
  readonly after: ClientState;
}

/**
 * Returns the counter of an effect; undefined if it has none. The client counts acquisitions that
 * failed: it knows more about the reason.
 */
export function counterOf(effect: ClientEffect): CounterName | undefined {
  switch (effect.kind) {
    case "leaseAcquired":
      return "leases_acquired";
    case "leaseRenewed":
      return "leases_renewed";
    case "leaseChanged":
      return "leases_changed";
    case "leaseLost":
      return `leases_lost_${effect.reason}`;
    default:
      return undefined;
  }
}

/**
 * Returns the event of an effect; undefined if it has none. The event of an acquired lease is due
 * later, once the lease is stored.
 */
export function eventOf(
  effect: ClientEffect,
  { before, after }: StateChange,
): EventContent | undefined {
  const renewed = before.state === "RENEWING" ? "renewed" : "rebound";
  switch (effect.kind) {
    case "leaseRenewed":
      return { kind: renewed, lease: effect.lease };
    case "leaseChanged": {
      const { lease, previous } = effect;
      const changed = changedFields(previous, lease);
      if (!changed.includes("address")) {
        const detail = `changed: ${changed.join(", ")}`;
        return { kind: renewed, lease, detail };
      }
      const detail = `instead of ${formatCidr(previous)}`;
      return { kind: "address-changed", lease, detail };
    }
    case "leaseLost":
      return {
        kind: effect.reason === "nak" ? "refused" : "expired",
        lease: effect.lease,
        detail: effect.message,
      };
    case "renewalFailed":
      return {
        kind: "failed",
        lease: leaseInUse(after),
        detail: describeFailure(effect.failure),
      };
    default:
      return undefined;
  }
}
