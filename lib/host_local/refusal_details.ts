/** Why an ADD was refused, in facts an operator can act on. @module */

import { formatIpAddress } from "../net/ip_address.ts";
import type { PoolError } from "./add_plan.ts";
import type { Owner } from "./reservation.ts";
import type { Reservation, ReservationStore } from "./reservation_store.ts";

const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const;

/** A span as its two largest units, `3h12m`. */
export function formatAge(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1000));
  const parts = UNITS.flatMap(([unit, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return count === 0 ? [] : [`${count}${unit}`];
  });
  return parts.slice(0, 2).join("") || "0s";
}

function formatHolder(owner: Owner): string {
  switch (owner.kind) {
    case "attachment":
      return `container ${owner.attachment.containerId}, interface ${owner.attachment.ifName}`;
    case "container":
      return `container ${owner.containerId}`;
    case "unknown":
    case "nobody":
      return "an unknown owner";
  }
}

/** Who holds an address, since when and where that is written. */
export function describeReservation(
  reservation: Reservation,
  nowMs: number,
): string {
  const { address, owner, reservedAtMs, fromEarlierBoot, location } =
    reservation;
  const since = new Date(reservedAtMs).toISOString();
  const boot = fromEarlierBoot ? "before the last boot" : "in this boot";
  return `${formatIpAddress(address)} is held by ${
    formatHolder(owner)
  } since ${since} ` +
    `(${formatAge(nowMs - reservedAtMs)} ago, ${boot}): ${location}`;
}

/** The `details` for an ADD that found no address to give. */
export function describeRefusal(
  error: PoolError,
  { store, nowMs, directory }: {
    readonly store: Pick<ReservationStore, "find" | "list">;
    readonly nowMs: number;
    readonly directory: string;
  },
): string {
  switch (error.kind) {
    case "exhausted": {
      const all = store.list();
      const old = all.filter(({ fromEarlierBoot }) => fromEarlierBoot).length;
      return `${all.length} addresses are held in ${directory}, ${old} of them since before the last boot; ` +
        "a DEL or GC by the runtime frees those that nothing uses";
    }
    case "duplicate":
    case "not-available": {
      const reservation = error.address && store.find(error.address);
      return reservation === undefined
        ? `see ${directory}`
        : describeReservation(reservation, nowMs);
    }
    case "gateway":
    case "outside-ranges":
      return "";
  }
}
