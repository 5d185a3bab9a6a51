/** What an ADD releases that finds a range set full. Pure but for the ports that it is given. @module */

import type { IpAddress } from "../net/ip_address.ts";
import { formatIpAddress } from "../net/ip_address.ts";
import type { HostLocalPorts, Reclaimable, ReservationStore } from "./ports.ts";
import type { RangeSet } from "./range_set.ts";
import { addressesAfter } from "./round_robin.ts";

/** How many reservations an ADD inspects, those that were made first. */
const MAX_INSPECTED = 256;
/** How many it releases. */
const MAX_RECLAIMED = 16;

/** What is reclaimed from. */
export interface ReclaimTarget {
  readonly networkName: string;
  readonly set: RangeSet;
  /** The last reserved address of the set, if it is known. */
  readonly cursor: IpAddress | undefined;
}

/**
 * Returns reservations of a range set whose containers no longer exist, at most 16. Each is known by
 * two proofs.
 */
export async function findReclaimable(
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

/** Releases such reservations, and logs each with its proofs. @returns Whether there were any. */
export async function reclaimFrom(
  target: ReclaimTarget,
  { store, ports }: {
    readonly store: ReservationStore;
    readonly ports: HostLocalPorts;
  },
): Promise<boolean> {
  const found = await findReclaimable(target, { store, ports });
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
