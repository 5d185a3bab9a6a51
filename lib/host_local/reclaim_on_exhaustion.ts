/** What an ADD releases when a range set is full. Pure but for the ports. @module */

import type { IpAddress } from "../net/ip_address.ts";
import { formatIpAddress } from "../net/ip_address.ts";
import type { HostLocalPorts, Reclaimable, ReservationStore } from "./ports.ts";
import type { RangeSet } from "./range_set.ts";
import { addressesAfter } from "./round_robin.ts";

/** The maximum number of reservations that an ADD inspects, normally the oldest ones. */
const MAX_INSPECTED = 256;
/** The maximum number that it releases. */
const MAX_RECLAIMED = 16;

/** A range set that is full. */
export interface ReclaimTarget {
  readonly networkName: string;
  readonly set: RangeSet;
  /** The last reserved address of the set, if it is known. */
  readonly cursor: IpAddress | undefined;
}

/**
 * Returns at most 16 reservations of a range set whose containers no longer exist, each with two
 * proofs of that.
 */
export async function reclaimableIn(
  { networkName, set, cursor }: ReclaimTarget,
  { store, ports }: {
    readonly store: Pick<ReservationStore, "find" | "isExposed">;
    readonly ports: HostLocalPorts;
  },
): Promise<readonly Reclaimable[]> {
  if (ports.findReclaimable === undefined || store.isExposed) return [];
  const reservations = addressesAfter(set, cursor).take(MAX_INSPECTED)
    .toArray().flatMap((address) => store.find(address) ?? []);
  const found = await ports.findReclaimable(networkName, reservations);
  return found.slice(0, MAX_RECLAIMED);
}

/** Releases what {@link reclaimableIn} returns, and logs it. @returns Whether there is any. */
export async function reclaimFrom(
  target: ReclaimTarget,
  { store, ports }: {
    readonly store: ReservationStore;
    readonly ports: HostLocalPorts;
  },
): Promise<boolean> {
  const found = await reclaimableIn(target, { store, ports });
  if (found.length === 0) return false;
  store.reclaim(found.map(({ reservation }) => reservation));
  for (const { reservation, ended, absent } of found) {
    const { address, owner, reservedAtMs } = reservation;
    ports.log("info", "reservation-reclaimed", {
      network: target.networkName,
      address: formatIpAddress(address),
      ...(owner.kind === "attachment"
        ? {
          container: owner.attachment.containerId,
          interface: owner.attachment.ifName,
        }
        : owner.kind === "container"
        ? { container: owner.containerId }
        : {}),
      reservedAt: new Date(reservedAtMs).toISOString(),
      ended,
      absent,
    });
  }
  return true;
}
