/** All leases of the daemon at a glance: their states, reports and first expiry. Pure. @module */

import type { LeaseReport } from "../protocol/lease_report.ts";
import type { LeaseClient } from "./lease_client.ts";

/** The maximum number of leases in a response, whose size is limited. */
const MAX_LEASES = 200;

/** Returns how many clients are in each state. */
export function countStates(
  clients: Iterable<Pick<LeaseClient, "stateName">>,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { stateName } of clients) {
    counts[stateName] = (counts[stateName] ?? 0) + 1;
  }
  return counts;
}

/** Returns when the first lease expires; undefined if none does. */
export function firstExpiryMs(
  clients: Iterable<Pick<LeaseClient, "lease">>,
): number | undefined {
  let first = Infinity;
  for (const { lease } of clients) {
    first = Math.min(first, lease?.expiresMs ?? Infinity);
  }
  return first === Infinity ? undefined : first;
}

/** Some leases, in the order of their names. */
export interface LeasePage {
  readonly leases: readonly LeaseReport[];
  /** Whether there are others after them. */
  readonly more: boolean;
}

/**
 * Returns the reports of a limited number of clients.
 *
 * @param clients By the text of their attachments.
 * @param after Only those after this text.
 */
export function leasePage(
  clients: Iterable<readonly [string, Pick<LeaseClient, "report">]>,
  after: string,
): LeasePage {
  const rest = [...clients].filter(([name]) => name > after)
    .sort(([a], [b]) => a < b ? -1 : 1);
  const page = rest.slice(0, MAX_LEASES);
  return {
    leases: page.map(([, client]) => client.report),
    more: page.length < rest.length,
  };
}
